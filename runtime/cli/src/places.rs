//! Where a server listens, in words: `https://127.0.0.1:8000/`, `unix:/run/site.sock`.

use laureola::server::Endpoint;
use laureola::server::handover::Handover;

/// The place of an endpoint that is not open, or that others opened.
pub(crate) fn place(endpoint: &Endpoint, handover: Handover) -> String {
    let scheme = if endpoint.is_secure() { "https" } else { "http" };
    let mut endpoint = endpoint;
    loop {
        endpoint = match endpoint {
            Endpoint::Tls { inner, .. } | Endpoint::ProxyProtocol { inner } => inner,
            Endpoint::Tcp { host, port, .. } => {
                let port = match handover {
                    Handover::Port(port) => port,
                    _ => *port,
                };
                return if host.contains(':') {
                    format!("{scheme}://[{host}]:{port}/")
                } else {
                    format!("{scheme}://{host}:{port}/")
                };
            }
            Endpoint::Unix { path, .. } => return format!("unix:{}", path.display()),
            Endpoint::Fd(fd) => return format!("descriptor {fd}"),
            _ => return "a descriptor of systemd's".to_owned(),
        };
    }
}
