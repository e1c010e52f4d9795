//! Whom to trust on a TLS connection, and what to show.

use std::fmt;
use std::path::PathBuf;

/// TLS settings of a [`Host`](super::Host) (redis-py's `ssl_…` arguments).
///
/// By default the server must show a certificate for its name, signed by an authority this
/// machine trusts. Files are read whenever a connection is made, so that renewed ones count.
///
/// ```
/// use laureola_redis::{Host, config::Tls};
///
/// let host = Host::from("rediss://cache.example").tls(
///     Tls::default()
///         .ca_file("/etc/redis/ca.pem")
///         .client_certificate("/etc/redis/client.pem", "/etc/redis/client.key"),
/// );
/// # let _ = host;
/// ```
#[derive(Clone, Default)]
pub struct Tls {
    pub(crate) roots: Vec<Roots>,
    pub(crate) client: Option<(PathBuf, PathBuf)>,
    pub(crate) check: Check,
}

/// Where trusted authorities come from.
#[derive(Clone, Debug)]
pub(crate) enum Roots {
    File(PathBuf),
    Directory(PathBuf),
    Pem(String),
}

/// What must be right about the server's certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Check {
    #[default]
    All,
    /// Who signed it and when it ends, but not for which name.
    AnyName,
    Nothing,
}

impl Tls {
    /// Trusts the authorities in this PEM file instead of the machine's (`ssl_ca_certs`).
    #[must_use]
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.roots.push(Roots::File(path.into()));
        self
    }

    /// Trusts the authorities in the PEM files of this directory instead of the machine's
    /// (`ssl_ca_path`).
    #[must_use]
    pub fn ca_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.roots.push(Roots::Directory(path.into()));
        self
    }

    /// Trusts these authorities, in PEM, instead of the machine's (`ssl_ca_data`).
    #[must_use]
    pub fn ca_pem(mut self, pem: impl Into<String>) -> Self {
        self.roots.push(Roots::Pem(pem.into()));
        self
    }

    /// Shows the server this certificate chain, with this unencrypted key, both PEM files
    /// (`ssl_certfile`, `ssl_keyfile`).
    #[must_use]
    pub fn client_certificate(mut self, chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.client = Some((chain.into(), key.into()));
        self
    }

    /// Takes a certificate that was issued for another name (`ssl_check_hostname=False`):
    /// whoever holds any certificate of a trusted authority can pose as the server.
    #[must_use]
    pub fn any_name(mut self) -> Self {
        self.check = Check::AnyName;
        self
    }

    /// Takes any certificate (`ssl_cert_reqs="none"`): the connection is encrypted, but whoever
    /// sits in between can pose as the server.
    #[must_use]
    pub fn insecure(mut self) -> Self {
        self.check = Check::Nothing;
        self
    }
}

/// Without the contents of certificates.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roots = self.roots.iter().map(|roots| match roots {
            Roots::File(path) | Roots::Directory(path) => path.display().to_string(),
            Roots::Pem(_) => "PEM".to_owned(),
        });
        f.debug_struct("Tls")
            .field("roots", &roots.collect::<Vec<_>>())
            .field("client", &self.client)
            .field("check", &self.check)
            .finish()
    }
}
