//! Certificates made for a test, and a client that speaks TLS.

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use laureola_server::TlsConfig;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::support::DEADLINE;

/// An authority that signs, and the folder it writes into.
pub(crate) struct Authority {
    pub(crate) folder: tempfile::TempDir,
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    /// Its certificate.
    pub(crate) file: PathBuf,
}

/// A certificate and its key.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Pair {
    pub(crate) fn config(&self) -> TlsConfig {
        TlsConfig::new(&self.certificate, &self.key)
    }
}

impl Authority {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Authority");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let file = folder.path().join("authority.pem");
        fs::write(&file, certificate.pem()).expect("a file");
        Self {
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
            folder,
            file,
        }
    }

    /// Signs a certificate for localhost in the name of `name`, into files called so.
    pub(crate) fn sign(&self, name: &str) -> Pair {
        self.sign_into(name, name)
    }

    /// The same, into files called otherwise.
    pub(crate) fn sign_into(&self, file: &str, name: &str) -> Pair {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).expect("names");
        params.distinguished_name.push(DnType::CommonName, name);
        params
            .distinguished_name
            .push(DnType::OrganizationName, "Example, Ltd");
        let key = KeyPair::generate().expect("a key");
        let signed = params.signed_by(&key, &self.issuer).expect("a certificate");
        let path = |ending| self.folder.path().join(format!("{file}.{ending}"));
        let pair = Pair {
            certificate: path("pem"),
            key: path("key"),
        };
        // Never half a file, as certbot has it.
        replace(&pair.certificate, &signed.pem());
        replace(&pair.key, &key.serialize_pem());
        pair
    }

    /// A client that trusts the authority and shows `certificate`.
    pub(crate) fn client(&self, certificate: Option<&Pair>) -> TlsClient {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).expect("an authority");
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(rustls::ALL_VERSIONS)
            .expect("versions")
            .with_root_certificates(roots);
        let config = match certificate {
            None => builder.with_no_client_auth(),
            Some(pair) => {
                let chain = CertificateDer::from_pem_file(&pair.certificate).expect("a certificate");
                let key = PrivateKeyDer::from_pem_file(&pair.key).expect("a key");
                builder.with_client_auth_cert(vec![chain], key).expect("a pair")
            }
        };
        TlsClient { config }
    }
}

fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).expect("a file");
    fs::rename(new, path).expect("the same folder");
}

/// Makes connections.
pub(crate) struct TlsClient {
    pub(crate) config: ClientConfig,
}

pub(crate) type TlsStream = StreamOwned<ClientConnection, TcpStream>;

impl TlsClient {
    pub(crate) fn connect(&self, port: u16) -> io::Result<TlsStream> {
        self.over(TcpStream::connect(("127.0.0.1", port))?, "localhost")
    }

    /// Shakes hands over `socket`. With TLS 1.3 a server may still refuse afterwards.
    pub(crate) fn over(&self, mut socket: TcpStream, name: &str) -> io::Result<TlsStream> {
        socket.set_read_timeout(Some(DEADLINE))?;
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        let config = Arc::new(self.config.clone());
        let mut connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        Ok(StreamOwned::new(connection, socket))
    }

    /// The response to a request on a connection of its own.
    pub(crate) fn get(&self, port: u16) -> io::Result<String> {
        let mut stream = self.connect(port)?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    /// The certificate the server shows.
    pub(crate) fn sees(&self, port: u16) -> io::Result<Vec<u8>> {
        let stream = self.connect(port)?;
        let chain = stream.conn.peer_certificates();
        Ok(chain.expect("a server has one")[0].to_vec())
    }
}

/// What is in a file.
pub(crate) fn der(pair: &Pair) -> Vec<u8> {
    CertificateDer::from_pem_file(&pair.certificate)
        .expect("a certificate")
        .to_vec()
}
