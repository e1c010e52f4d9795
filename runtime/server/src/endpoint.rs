//! Where a server listens, as a value or as one of Twisted's endpoint strings.
//!
//! - `parse`: the strings
//! - `fields`: their grammar: colons, `name=value`, escapes
//! - [`error`]: what is wrong with one
//! - `address`: where a server really listens

mod address;
pub mod error;
mod fields;
mod parse;

use std::path::PathBuf;

pub use address::ListenAddr;
pub use error::EndpointError;

use crate::tls::TlsConfig;

/// A place to listen at. [`Builder::listen`](crate::Builder::listen) takes it; nothing happens
/// before [`Builder::open`](crate::Builder::open).
///
/// Parsed from the strings that Daphne takes after `-e`, which are Twisted's. In a value `\:` is a
/// colon and `\\` a backslash; arguments may be named (`tcp:port=8000`) or stand in their order.
///
/// | string | listens at |
/// | --- | --- |
/// | `tcp:8000:interface=0.0.0.0` | an IPv4 or IPv6 address or a name, all IPv4 addresses by default; `backlog=` |
/// | `tcp6:8000:interface=\:\:1` | the same, all IPv6 addresses by default |
/// | `unix:/run/site.sock:mode=660` | a UNIX socket, `mode` in octal, 666 by default; `backlog=`; `lockfile=` is without effect |
/// | `fd:fileno=3` | an inherited descriptor |
/// | `ssl:443:privateKey=key.pem:certKey=crt.pem` | TLS; `extraCertChain=`, `interface=`, `backlog=` as Twisted has them, `sslmethod=` and `dhParameters=` without effect; and ours: `clientCaCerts=ca.pem`, `clientCert=required` (the default with these) or `optional`, `minVersion=1.3`, `ciphers=` (IANA names with commas) |
/// | `haproxy:tcp:8000` | any of the others, behind the PROXY protocol |
/// | `systemd:domain=INET:index=0`, `systemd:domain=UNIX:name=web` | a descriptor of systemd's, by place or name |
///
/// ```
/// use laureola_server::Endpoint;
///
/// let endpoint: Endpoint = r"tcp6:8000:interface=\:\:1".parse()?;
/// assert_eq!(endpoint, Endpoint::tcp("::1", 8000));
/// # Ok::<_, laureola_server::EndpointError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// A TCP port.
    Tcp {
        /// An IP address, or a name: the first of its addresses that can be had is taken.
        host: String,
        /// 0 takes a free one.
        port: u16,
        /// Connections that may wait to be accepted; `None` is the server's own number.
        backlog: Option<u32>,
    },
    /// A UNIX socket. The file of a server that is gone is replaced; one that somebody listens at
    /// is not. The file is removed at the end.
    Unix {
        /// Where the file is made.
        path: PathBuf,
        /// Its permissions; `None` leaves them to the umask. Twisted's strings mean 666 by default.
        mode: Option<u32>,
        /// As for TCP.
        backlog: Option<u32>,
    },
    /// An inherited descriptor of a bound socket, TCP or UNIX (`--fd`).
    Fd(i32),
    /// A descriptor that systemd passes on. See [`Activation`](crate::activation::Activation).
    Systemd(Passed),
    /// TLS over another endpoint.
    Tls {
        /// Where the bytes come in.
        inner: Box<Self>,
        /// Certificates and terms.
        config: Box<TlsConfig>,
    },
    /// Another endpoint, whose connections begin with a header of the
    /// [PROXY protocol](crate::proxy_protocol). With TLS it comes before the handshake, whichever
    /// of the two is the outer one here. Peers that are not trusted
    /// ([`Builder::proxy_protocol_from`](crate::Builder::proxy_protocol_from)) are cut off, and so
    /// are those that do not send one.
    ProxyProtocol {
        /// Where the bytes come in.
        inner: Box<Self>,
    },
}

/// Which of systemd's descriptors.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Passed {
    /// The so-many-th, from 0.
    Index(usize),
    /// The one of this name (`FileDescriptorName=` of the socket unit).
    Name(String),
}

impl Endpoint {
    /// A TCP port of an address or a name.
    #[must_use]
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self::Tcp {
            host: host.into(),
            port,
            backlog: None,
        }
    }

    /// TLS over this endpoint.
    #[must_use]
    pub fn tls(self, config: TlsConfig) -> Self {
        Self::Tls {
            inner: Box::new(self),
            config: Box::new(config),
        }
    }

    /// This endpoint behind the PROXY protocol.
    #[must_use]
    pub fn behind_proxy(self) -> Self {
        let inner = Box::new(self);
        Self::ProxyProtocol { inner }
    }

    /// Whether its clients speak TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        match self {
            Self::Tls { .. } => true,
            Self::ProxyProtocol { inner } => inner.is_secure(),
            _ => false,
        }
    }

    /// A UNIX socket that everybody may connect to, as Daphne's `-u` makes it.
    #[must_use]
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::Unix {
            path: path.into(),
            mode: Some(0o666),
            backlog: None,
        }
    }
}

impl std::fmt::Display for Passed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Index(index) => write!(f, "{index}"),
            Self::Name(name) => write!(f, "named {name:?}"),
        }
    }
}
