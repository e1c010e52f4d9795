//! Files become a configuration of rustls.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{self, RootCertStore, ServerConfig};

use super::{ClientCertificates, TlsConfig, TlsVersion};

/// Why a listener's certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or holds none of what it should.
    #[error("cannot read {what} from {}: {}", .path.display(), pem_reason(.error))]
    File {
        /// What was looked for.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said, or the reader of PEM.
        error: PemError,
    },
    /// There is no suite of that name, or none is left for the versions that may be spoken.
    #[error("unknown or unusable cipher suite {name:?}; there are {known}")]
    Cipher {
        /// The name.
        name: String,
        /// The names there are.
        known: String,
    },
    /// Certificate and key do not fit each other, or rustls does not take them.
    #[error("cannot use the certificate {}: {error}", .path.display())]
    Certificate {
        /// The certificate's file.
        path: PathBuf,
        /// What rustls said.
        error: rustls::Error,
    },
    /// The authorities of client certificates are not what rustls takes.
    #[error("cannot use the authorities in {}: {reason}", .path.display())]
    Authorities {
        /// Their file.
        path: PathBuf,
        /// What rustls said.
        reason: String,
    },
}

fn pem_reason(error: &PemError) -> String {
    match error {
        PemError::NoItemsFound => "there is none in the file".to_owned(),
        PemError::Io(error) => error.to_string(),
        error => error.to_string(),
    }
}

/// What handshakes are made with.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) config: Arc<ServerConfig>,
    /// Our certificate, as PEM.
    pub(super) certificate: Arc<str>,
}

/// Reads the files; `protocols` are offered by ALPN. Blocks for as long as that takes.
pub(super) fn load(config: &TlsConfig, protocols: &[&[u8]]) -> Result<Loaded, TlsError> {
    let mut chain = certificates("a certificate", &config.certificate)?;
    for path in &config.extra_chain {
        chain.extend(certificates("a certificate", path)?);
    }
    let key = PrivateKeyDer::from_pem_file(&config.key).map_err(|error| TlsError::File {
        what: "a private key",
        path: config.key.clone(),
        error,
    })?;
    let certificate = laureola_asgi::tls::pem(&chain[0]).into();
    let provider = Arc::new(provider(config)?);
    let unusable = |error| TlsError::Certificate {
        path: config.certificate.clone(),
        error,
    };
    let versions: &[_] = match config.min_version {
        TlsVersion::V1_2 => &[&TLS13, &TLS12],
        TlsVersion::V1_3 => &[&TLS13],
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .map_err(unusable)?;
    let builder = match &config.client_certificates {
        ClientCertificates::Ignored => builder.with_no_client_auth(),
        ClientCertificates::Optional { authorities } => {
            let verifier = verifier(authorities, provider)?.allow_unauthenticated();
            builder.with_client_cert_verifier(built(verifier, authorities)?)
        }
        ClientCertificates::Required { authorities } => {
            let verifier = verifier(authorities, provider)?;
            builder.with_client_cert_verifier(built(verifier, authorities)?)
        }
    };
    let mut rustls = builder.with_single_cert(chain, key).map_err(unusable)?;
    rustls.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(Loaded {
        config: Arc::new(rustls),
        certificate,
    })
}

/// At least one.
fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let read = || {
        let found = CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>()?;
        if found.is_empty() {
            return Err(PemError::NoItemsFound);
        }
        Ok(found)
    };
    read().map_err(|error| TlsError::File {
        what,
        path: path.to_owned(),
        error,
    })
}

fn provider(config: &TlsConfig) -> Result<CryptoProvider, TlsError> {
    let mut provider = ring::default_provider();
    if config.ciphers.is_empty() {
        return Ok(provider);
    }
    // rustls marks those of TLS 1.3 in a way of its own.
    let name =
        |suite: &rustls::SupportedCipherSuite| format!("{:?}", suite.suite()).replace("TLS13_", "TLS_");
    let usable = |suite: &rustls::SupportedCipherSuite| {
        config.min_version == TlsVersion::V1_2 || suite.tls13().is_some()
    };
    provider.cipher_suites.retain(usable);
    for wanted in &config.ciphers {
        if !provider.cipher_suites.iter().any(|suite| name(suite) == *wanted) {
            let known: Vec<_> = provider.cipher_suites.iter().map(name).collect();
            return Err(TlsError::Cipher {
                name: wanted.clone(),
                known: known.join(", "),
            });
        }
    }
    provider
        .cipher_suites
        .retain(|suite| config.ciphers.contains(&name(suite)));
    Ok(provider)
}

fn verifier(
    authorities: &Path,
    provider: Arc<CryptoProvider>,
) -> Result<rustls::server::ClientCertVerifierBuilder, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("an authority", authorities)? {
        roots.add(certificate).map_err(|error| TlsError::Authorities {
            path: authorities.to_owned(),
            reason: error.to_string(),
        })?;
    }
    Ok(WebPkiClientVerifier::builder_with_provider(
        Arc::new(roots),
        provider,
    ))
}

fn built(
    builder: rustls::server::ClientCertVerifierBuilder,
    authorities: &Path,
) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, TlsError> {
    builder.build().map_err(|error| TlsError::Authorities {
        path: authorities.to_owned(),
        reason: error.to_string(),
    })
}
