//! Why Redis did not do what the layer asked.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use laureola_layers::LayerError;
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// The source of a [`LayerError::Backend`] of this layer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedisFault {
    /// Nothing listens there.
    #[error("connection refused")]
    Refused,
    /// No answer came in time.
    #[error("no answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The server refused the password or the user name.
    #[error("the password or the user name is wrong ({0})")]
    Authentication(String),
    /// The server wants a password, and the URL has none.
    #[error("the server wants a password: give it as redis://:PASSWORD@HOST")]
    NoPassword,
    /// The connection was lost before; a background task tries to get it back.
    #[error("the connection is lost ({0}); reconnecting")]
    Away(String),
    /// A host that the layer cannot use.
    #[error("{0}")]
    Host(String),
    /// The TLS connection failed: whom the server's certificate names, who signed it, or ours.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The server closed the connection.
    #[error("the server closed the connection")]
    Dropped,
    /// No Sentinel names a master.
    #[error("no sentinel knows the master {master_name:?} ({reasons})")]
    NoMaster {
        /// What the Sentinels are asked for.
        master_name: String,
        /// What each of them said.
        reasons: String,
    },
    /// The server has as many connections as it may have.
    #[error("the server has no room for another connection: raise its maxclients")]
    MaxClients,
    /// The server has reached its `maxmemory`, and may not evict.
    #[error("the server is out of memory: raise its maxmemory, or empty it")]
    OutOfMemory,
    /// The server is starting.
    #[error("the server is loading its data")]
    Loading,
    /// The server is a node of a Redis Cluster.
    #[error("the server is a node of a Redis Cluster, and the key is with another")]
    Cluster,
    /// The server is a replica, or has become one.
    #[error("it is a replica, which cannot be written to")]
    Replica,
    /// Anything else, in the words of the client library or of the server.
    #[error("{0}")]
    Other(String),
}

impl RedisFault {
    pub(crate) fn new(error: &RedisError, deadline: Duration) -> Self {
        if let Some(tls) = tls_error(error) {
            return Self::Tls(tls_reason(tls));
        }
        if error.is_connection_refusal() {
            return Self::Refused;
        }
        if error.is_timeout() {
            return Self::Timeout(deadline);
        }
        let text = error.to_string();
        // A script's error has another code, and the reason in its text, in Redis 6 and older.
        match code(error).as_deref() {
            Some("READONLY") => return Self::Replica,
            Some("NOAUTH") => return Self::NoPassword,
            Some("OOM") => return Self::OutOfMemory,
            Some("LOADING") => return Self::Loading,
            Some("MOVED" | "ASK" | "CLUSTERDOWN") => return Self::Cluster,
            _ if text.contains("max number of clients") => return Self::MaxClients,
            _ if text.contains("-OOM ") => return Self::OutOfMemory,
            _ if text.contains("-READONLY ") => return Self::Replica,
            _ => {}
        }
        if error.kind() == ErrorKind::AuthenticationFailed || error.code() == Some("WRONGPASS") {
            return Self::Authentication(error.detail().unwrap_or("no reason given").trim().to_owned());
        }
        if error.is_connection_dropped() {
            return Self::Dropped;
        }
        Self::Other(text)
    }

    /// Whether somebody has to change something before the connection can come back.
    pub(crate) fn wants_help(&self) -> bool {
        matches!(
            self,
            Self::Authentication(_) | Self::NoPassword | Self::Tls(_) | Self::MaxClients | Self::Host(_)
        )
    }
}

/// The code of a server's error, or of the first of a pipeline's.
fn code(error: &RedisError) -> Option<String> {
    if let Some(code) = error.code() {
        return Some(code.to_owned());
    }
    let errors = error.clone().into_server_errors()?;
    errors.first().map(|(_, error)| error.code().to_owned())
}

/// Finds what the TLS library said.
fn tls_error(error: &RedisError) -> Option<&rustls::Error> {
    let mut next = error.source();
    while let Some(error) = next {
        // The client library shares its sources, and an I/O error does not tell of the one in it.
        let shared = error.downcast_ref::<Arc<dyn Error + Send + Sync>>();
        let error = shared.map_or(error, |shared| &**shared);
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let tls = inner.map_or_else(|| error.downcast_ref(), |inner| inner.downcast_ref());
        if tls.is_some() {
            return tls;
        }
        next = error.source();
    }
    None
}

/// What is wrong, and what can be done.
fn tls_reason(error: &rustls::Error) -> String {
    use rustls::{AlertDescription as Alert, CertificateError as Certificate};
    match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            Certificate::UnknownIssuer => "the server's certificate is signed by an authority that is \
                not trusted: give the authority's certificate as ssl_ca_certs"
                .to_owned(),
            Certificate::NotValidForName => "the server's certificate is for another host name".to_owned(),
            Certificate::NotValidForNameContext { expected, presented } => format!(
                "the server's certificate is for {}, not for {}",
                presented.join(", "),
                expected.to_str()
            ),
            Certificate::Expired | Certificate::ExpiredContext { .. } => {
                "the server's certificate has expired".to_owned()
            }
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => {
                "the server's certificate is not valid yet".to_owned()
            }
            other => format!("the server's certificate is not valid: {other}"),
        },
        rustls::Error::AlertReceived(Alert::CertificateRequired) => {
            "the server wants a certificate: give ssl_certfile and ssl_keyfile".to_owned()
        }
        rustls::Error::AlertReceived(
            alert @ (Alert::BadCertificate
            | Alert::CertificateExpired
            | Alert::CertificateRevoked
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::UnsupportedCertificate),
        ) => format!("the server refused our certificate ({alert:?})"),
        rustls::Error::InvalidMessage(_) => "the server does not speak TLS there".to_owned(),
        other => other.to_string(),
    }
}

/// An error of the layer that says what was tried and where.
pub(crate) fn backend(context: String, fault: RedisFault) -> LayerError {
    LayerError::Backend {
        context,
        source: Box::new(fault),
    }
}

/// The same error once more, for another caller whom it concerns.
pub(crate) fn repeated(error: &LayerError) -> LayerError {
    let LayerError::Backend { context, source } = error else {
        return backend(error.to_string(), RedisFault::Other(error.to_string()));
    };
    let fault = source.downcast_ref::<RedisFault>().cloned();
    backend(
        context.clone(),
        fault.unwrap_or_else(|| RedisFault::Other(source.to_string())),
    )
}

/// Whether a connection is of no use after this error. A server that is loading its data, or has
/// become a replica, counts as away.
pub(crate) fn ends_connection(error: &RedisError) -> bool {
    error.is_connection_dropped()
        || error.is_timeout()
        || error.is_unrecoverable_error()
        || error.to_string().contains("-READONLY ")
        || matches!(
            error.kind(),
            ErrorKind::Io
                | ErrorKind::Parse
                | ErrorKind::Server(
                    ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown | ServerErrorKind::ReadOnly
                )
        )
}
