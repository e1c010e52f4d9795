//! Where to listen.

use std::path::PathBuf;

use clap::Args;
use laureola::server::Endpoint;

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

    /// UNIX socket to listen on; the file of a server that is gone is replaced
    #[arg(short, long, value_name = "PATH", help_heading = HEADING)]
    pub unix_socket: Option<PathBuf>,

    /// Permissions of that UNIX socket, in octal
    #[arg(
        long,
        value_name = "MODE",
        default_value = "666",
        value_parser = mode,
        requires = "unix_socket",
        help_heading = HEADING
    )]
    pub uds_permissions: u32,

    /// Inherited descriptor of a socket to listen on
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(i32).range(0..), help_heading = HEADING)]
    pub fd: Option<i32>,

    /// A listener in Twisted's words, as often as you like: tcp:8000:interface=0.0.0.0,
    /// tcp6:8000, unix:/run/site.sock:mode=660, fd:fileno=3, systemd:domain=INET:index=0
    #[arg(short, long, value_name = "ENDPOINT", help_heading = HEADING)]
    pub endpoint: Vec<Endpoint>,

    /// Connections that may wait to be accepted, per listener; the kernel may allow fewer
    #[arg(long, value_name = "CONNECTIONS", default_value = "4096", help_heading = HEADING)]
    pub backlog: u32,
}

impl Listen {
    /// Every listener that is wanted. Of host and port one brings the other with it; where there is
    /// no listener at all, both are Daphne's.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let mut endpoints = self.endpoint.clone();
        endpoints.extend(self.unix_socket.as_ref().map(|path| Endpoint::Unix {
            path: path.clone(),
            mode: Some(self.uds_permissions),
            backlog: None,
        }));
        endpoints.extend(self.fd.map(Endpoint::Fd));
        if self.bind.is_some() || self.port.is_some() || endpoints.is_empty() {
            let host = self.bind.as_deref().unwrap_or(HOST);
            endpoints.push(Endpoint::tcp(host, self.port.unwrap_or(PORT)));
        }
        endpoints
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

fn mode(text: &str) -> Result<u32, String> {
    let octal = text.bytes().all(|byte| byte.is_ascii_digit());
    match u32::from_str_radix(text, 8) {
        Ok(mode) if octal && mode <= 0o777 => Ok(mode),
        _ => Err("expected octal permissions such as 660".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        listen: Listen,
    }

    fn endpoints(args: &[&str]) -> Vec<Endpoint> {
        let args = std::iter::once(&"laureola").chain(args);
        Command::try_parse_from(args).expect("valid").listen.endpoints()
    }

    #[test]
    fn one_of_address_and_port_brings_the_other() {
        assert_eq!(endpoints(&[]), [Endpoint::tcp("127.0.0.1", 8000)]);
        assert_eq!(endpoints(&["-b", "0.0.0.0"]), [Endpoint::tcp("0.0.0.0", 8000)]);
        assert_eq!(endpoints(&["-p", "9000"]), [Endpoint::tcp("127.0.0.1", 9000)]);
        assert_eq!(endpoints(&["--bind=[::1]", "-p0"]), [Endpoint::tcp("::1", 0)]);
    }

    #[test]
    fn other_listeners_bring_none_and_all_add_up() {
        assert_eq!(endpoints(&["--fd", "3"]), [Endpoint::Fd(3)]);
        let unix = Endpoint::Unix {
            path: "/run/a.sock".into(),
            mode: Some(0o660),
            backlog: None,
        };
        let permissions = ["-u", "/run/a.sock", "--uds-permissions", "660"];
        assert_eq!(endpoints(&permissions), [unix]);
        let all = [
            "-e",
            "tcp:1",
            "-e",
            r"tcp6:2:interface=\:\:1",
            "--fd=3",
            "-u",
            "/a",
            "-p",
            "4",
        ];
        assert_eq!(
            endpoints(&all),
            [
                Endpoint::tcp("0.0.0.0", 1),
                Endpoint::tcp("::1", 2),
                Endpoint::unix("/a"),
                Endpoint::Fd(3),
                Endpoint::tcp("127.0.0.1", 4),
            ]
        );
    }
}
