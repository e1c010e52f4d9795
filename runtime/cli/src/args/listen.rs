//! Where to listen.

use clap::Args;

const HEADING: &str = "Listening (several at once add up)";

/// Daphne's address where neither says.
const HOST: &str = "127.0.0.1";
const PORT: u16 = 8000;

/// The listeners. Without any there is Daphne's: 127.0.0.1, port 8000.
#[derive(Clone, Debug, Default, Args)]
pub struct Listen {
    /// Address to listen on: an IPv4 or IPv6 address (with or without brackets), or a host name
    /// [default: 127.0.0.1]
    #[arg(short, long, value_name = "HOST", value_parser = host, help_heading = HEADING)]
    pub bind: Option<String>,

    /// TCP port to listen on; 0 takes a free one, which the log names [default: 8000]
    #[arg(short, long, value_name = "PORT", help_heading = HEADING)]
    pub port: Option<u16>,
}

impl Listen {
    /// Host and port, where a TCP listener is wanted: one of the two brings the other with it.
    #[must_use]
    pub fn tcp(&self) -> Option<(&str, u16)> {
        let others = false;
        (self.bind.is_some() || self.port.is_some() || !others)
            .then(|| (self.bind.as_deref().unwrap_or(HOST), self.port.unwrap_or(PORT)))
    }
}

fn host(text: &str) -> Result<String, String> {
    let host = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c == '/') {
        return Err("expected an address or a host name".to_owned());
    }
    Ok(host.to_owned())
}
