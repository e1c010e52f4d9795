//! What a listener's TLS is to be.

use std::path::PathBuf;

use super::{Acceptor, TlsError};

/// Certificates and terms of a TLS listener. All files are PEM.
///
/// Certificate and key may be in one file. The application
/// protocols are offered by themselves: HTTP/2 where it is on, and HTTP/1.1. Clients that name no
/// host, or another one, get the same certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsConfig {
    /// The certificate, and behind it those that lead to its authority.
    pub certificate: PathBuf,
    /// Its private key: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
    /// More certificates of the chain (`extraCertChain`).
    pub extra_chain: Vec<PathBuf>,
    /// Whether clients show certificates. Default: they are not asked.
    pub client_certificates: ClientCertificates,
    /// The lowest version spoken. Default 1.2.
    pub min_version: TlsVersion,
    /// The cipher suites that may be used, by their IANA names
    /// (`TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256`); in the server's order. Default, empty: all
    /// that rustls has, none of which is known to be weak.
    pub ciphers: Vec<String>,
}

/// Whether clients show certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientCertificates {
    /// They are not asked.
    #[default]
    Ignored,
    /// They are asked. Those that show none are served, those with an untrusted one refused.
    Optional {
        /// The authorities whose certificates are trusted.
        authorities: PathBuf,
    },
    /// Those without a trusted one are refused.
    Required {
        /// The authorities whose certificates are trusted.
        authorities: PathBuf,
    },
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    #[default]
    V1_2,
    /// TLS 1.3 (RFC 8446).
    V1_3,
}

impl TlsConfig {
    /// A certificate and its key, with the defaults for everything else.
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            certificate: certificate.into(),
            key: key.into(),
            extra_chain: Vec::new(),
            client_certificates: ClientCertificates::Ignored,
            min_version: TlsVersion::V1_2,
            ciphers: Vec::new(),
        }
    }

    /// Reads all the files, as a listener would.
    ///
    /// # Errors
    /// The first that cannot be used, and why.
    pub fn check(&self) -> Result<(), TlsError> {
        Acceptor::new(self.clone(), true).map(drop)
    }

    /// Every file it names.
    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let authorities = match &self.client_certificates {
            ClientCertificates::Ignored => None,
            ClientCertificates::Optional { authorities } | ClientCertificates::Required { authorities } => {
                Some(authorities)
            }
        };
        [&self.certificate, &self.key]
            .into_iter()
            .chain(&self.extra_chain)
            .chain(authorities)
    }
}
