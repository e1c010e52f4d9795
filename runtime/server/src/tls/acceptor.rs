//! A listener's TLS: handshakes, and new certificates.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use laureola_asgi::TlsInfo;
use parking_lot::{Mutex, RwLock};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConnection;
use tracing::{info, warn};

use super::load::{Loaded, load};
use super::{TlsConfig, TlsError, name};
use crate::stream::Stream;

/// What HTTP/2 is called in ALPN (RFC 9113 §3.2).
const H2: &[u8] = b"h2";
const HTTP_1: &[u8] = b"http/1.1";

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Acceptor {
    config: TlsConfig,
    http2: bool,
    loaded: RwLock<Arc<Loaded>>,
    /// The files as they were when they were last read, well or not.
    seen: Mutex<Vec<Stamp>>,
}

/// A file's state, as far as it can be had without reading it: when it was last written and
/// replaced, its size, its number. `None` for one that is not there.
type Stamp = Option<(i64, i64, u64, u64)>;

/// A connection after its handshake.
#[derive(Debug)]
pub(crate) struct Secured {
    pub(crate) stream: Stream,
    pub(crate) info: TlsInfo,
    /// Whether client and server agreed on HTTP/2.
    pub(crate) http2: bool,
}

impl Acceptor {
    /// Reads the files. Blocks for as long as that takes.
    pub(crate) fn new(config: TlsConfig, http2: bool) -> Result<Self, TlsError> {
        let seen = stamps(&config);
        let loaded = load(&config, protocols(http2))?;
        Ok(Self {
            config,
            http2,
            loaded: RwLock::new(Arc::new(loaded)),
            seen: Mutex::new(seen),
        })
    }

    /// Shakes hands. Takes as long as the client does.
    pub(crate) async fn accept(&self, stream: Stream) -> io::Result<Secured> {
        let loaded = Arc::clone(&self.loaded.read());
        let stream = TlsAcceptor::from(Arc::clone(&loaded.config))
            .accept(stream)
            .await?;
        let connection = stream.get_ref().1;
        let http2 = connection.alpn_protocol() == Some(H2);
        let info = info_of(connection, &loaded.certificate);
        Ok(Secured {
            stream: Stream::Other(Box::new(stream)),
            info,
            http2,
        })
    }

    /// Reads the files again. Where that fails the old certificates stay. Blocks.
    pub(super) fn reload(&self) -> Result<(), TlsError> {
        self.read(stamps(&self.config))
    }

    /// Reads the files again if one has changed since. Blocks.
    pub(super) fn reload_if_changed(&self) {
        let now = stamps(&self.config);
        if *self.seen.lock() != now {
            // Both outcomes are in the log.
            let _ = self.read(now);
        }
    }

    fn read(&self, stamps: Vec<Stamp>) -> Result<(), TlsError> {
        // Taken before the files are read: what changes meanwhile is read next time.
        *self.seen.lock() = stamps;
        let certificate = self.config.certificate.display();
        match load(&self.config, protocols(self.http2)) {
            Ok(loaded) => {
                *self.loaded.write() = Arc::new(loaded);
                info!(%certificate, "new connections get the certificate as it is now");
                Ok(())
            }
            Err(error) => {
                warn!("the certificate stays as it was: {error}");
                Err(error)
            }
        }
    }
}

fn protocols(http2: bool) -> &'static [&'static [u8]] {
    if http2 { &[H2, HTTP_1] } else { &[HTTP_1] }
}

fn stamps(config: &TlsConfig) -> Vec<Stamp> {
    let stamp = |metadata: fs::Metadata| {
        let written = metadata.mtime().wrapping_mul(1_000_000_000) + metadata.mtime_nsec();
        let changed = metadata.ctime().wrapping_mul(1_000_000_000) + metadata.ctime_nsec();
        (written, changed, metadata.size(), metadata.ino())
    };
    config
        .files()
        .map(|path| fs::metadata(path).ok().map(stamp))
        .collect()
}

fn info_of(connection: &ServerConnection, certificate: &Arc<str>) -> TlsInfo {
    let chain = connection.peer_certificates().unwrap_or_default();
    let mut info = TlsInfo::new(chain.iter().map(|der| Box::from(der.as_ref())).collect());
    info.server_cert = Some(Arc::clone(certificate));
    info.client_cert_name = chain.first().and_then(name::subject).map(String::into_boxed_str);
    info.tls_version = connection.protocol_version().map(u16::from);
    info.cipher_suite = connection
        .negotiated_cipher_suite()
        .map(|suite| u16::from(suite.suite()));
    info
}
