//! An authority, a server's certificate and a client's, as files.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// Made anew for every test; the files are gone with it.
pub(crate) struct Certificates {
    dir: TempDir,
}

impl Certificates {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let mut params = params(&[], "the authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = params.self_signed(&key).expect("a certificate");
        write(dir.path(), "ca.pem", &authority.pem());
        let issuer = Issuer::new(params, key);
        for (name, hosts, purpose) in [
            (
                "server",
                &["localhost", "127.0.0.1"][..],
                ExtendedKeyUsagePurpose::ServerAuth,
            ),
            ("client", &[], ExtendedKeyUsagePurpose::ClientAuth),
        ] {
            let mut params = self::params(hosts, name);
            params.extended_key_usages = vec![purpose];
            let key = KeyPair::generate().expect("a key");
            let certificate = params.signed_by(&key, &issuer).expect("a certificate");
            write(dir.path(), &format!("{name}.pem"), &certificate.pem());
            write(dir.path(), &format!("{name}.key"), &key.serialize_pem());
        }
        Self { dir }
    }

    /// `ca.pem`, `server.pem`, `server.key`, `client.pem` or `client.key`.
    pub(crate) fn file(&self, name: &str) -> String {
        let path: PathBuf = self.dir.path().join(name);
        path.to_str().expect("text").to_owned()
    }

    /// An endpoint string for a free port of 127.0.0.1; `rest` is added to it.
    pub(crate) fn endpoint(&self, rest: &str) -> String {
        let (key, certificate) = (self.file("server.key"), self.file("server.pem"));
        format!("ssl:0:interface=127.0.0.1:privateKey={key}:certKey={certificate}{rest}")
    }
}

fn params(hosts: &[&str], name: &str) -> CertificateParams {
    let hosts = hosts.iter().map(|host| (*host).to_owned());
    let mut params = CertificateParams::new(hosts.collect::<Vec<_>>()).expect("names");
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn write(dir: &Path, name: &str, text: &str) {
    std::fs::write(dir.join(name), text).expect("written");
}
