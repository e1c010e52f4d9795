//! What every response says of the server.

use clap::Args;
use laureola::server::Builder;

/// The `Server` header.
#[derive(Clone, Debug, Args)]
pub struct Response {
    /// Value of the Server header
    #[arg(
        short = 's',
        long,
        value_name = "NAME",
        default_value = "laureola",
        value_parser = server_name,
        overrides_with = "no_server_name"
    )]
    pub server_name: String,

    /// Send no Server header
    #[arg(long, overrides_with = "server_name")]
    pub no_server_name: bool,
}

impl Response {
    pub(crate) fn apply(&self, builder: Builder) -> Builder {
        let name = (!self.no_server_name && !self.server_name.is_empty()).then_some(&*self.server_name);
        builder.server_name(name)
    }
}

fn server_name(text: &str) -> Result<String, String> {
    // What a header may hold (RFC 9110 §5.5); an empty one means none, as for Daphne.
    if text
        .bytes()
        .all(|byte| matches!(byte, b'\t' | b' '..=b'~' | 0x80..))
    {
        Ok(text.to_owned())
    } else {
        Err("a header's value has no control characters".to_owned())
    }
}
