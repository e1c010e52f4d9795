//! curl over TLS: HTTP/1.1 and HTTP/2 by ALPN, with and without a certificate of its own.

use serde_json::Value;

use crate::certificates::Certificates;
use crate::curl::{curl, fails, json};
use crate::site::Site;

const VERSIONS: [(&str, &str); 2] = [("--http1.1", "1.1"), ("--http2", "2")];

#[test]
fn alpn_chooses_the_version() {
    let certificates = Certificates::new();
    let site = Site::secure(&certificates, "");
    let trust = certificates.file("ca.pem");
    let url = format!("{}/scope/", site.url);
    for (flag, version) in VERSIONS {
        let scope = json(&[flag, "--cacert", &trust, &url]);
        assert_eq!(scope["http_version"], version);
        assert_eq!(scope["scheme"], "https");
        assert!(
            matches!(scope["tls"]["tls_version"].as_u64(), Some(0x0303 | 0x0304)),
            "{scope}"
        );
        assert!(scope["tls"]["cipher_suite"].is_u64(), "{scope}");
        assert_eq!(scope["tls"]["client_cert_name"], Value::Null);
        assert!(
            scope["extensions"]
                .as_array()
                .expect("a list")
                .iter()
                .any(|name| name == "tls"),
            "{scope}"
        );
    }
    // Without ALPN it is HTTP/1.1.
    assert_eq!(
        json(&["--no-alpn", "--cacert", &trust, &url])["http_version"],
        "1.1"
    );
    // A client that does not know the authority does not speak to us.
    fails(&[&url]);
    // Nor do we to one that speaks no TLS.
    fails(&[&url.replace("https", "http")]);
    assert_eq!(
        json(&["--cacert", &trust, &url])["http_version"],
        "2",
        "still there"
    );
}

#[test]
fn bodies_go_both_ways_through_tls() {
    let certificates = Certificates::new();
    let site = Site::secure(&certificates, "");
    let trust = certificates.file("ca.pem");
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("upload");
    let text = "0123456789".repeat(200_000);
    std::fs::write(&file, &text).expect("written");
    let from_file = format!("@{}", file.display());
    for (flag, _) in VERSIONS {
        let url = format!("{}/echo/", site.url);
        assert_eq!(
            curl(&[flag, "--cacert", &trust, "--data-binary", &from_file, &url]),
            text
        );
        let url = format!("{}/parts/2000/", site.url);
        assert_eq!(curl(&[flag, "--cacert", &trust, &url]).len(), 2000 * 1024);
        let all = curl(&[flag, "--cacert", &trust, "--parallel", &url, &url, &url]);
        assert_eq!(all.len(), 3 * 2000 * 1024);
    }
}

#[test]
fn a_certificate_that_is_required_must_be_shown() {
    let certificates = Certificates::new();
    let rest = format!(":clientCaCerts={}", certificates.file("ca.pem"));
    let site = Site::secure(&certificates, &rest);
    let url = format!("{}/scope/", site.url);
    let trust = certificates.file("ca.pem");
    let (certificate, key) = (certificates.file("client.pem"), certificates.file("client.key"));
    for (flag, version) in VERSIONS {
        let scope = json(&[
            flag,
            "--cacert",
            &trust,
            "--cert",
            &certificate,
            "--key",
            &key,
            &url,
        ]);
        assert_eq!(scope["http_version"], version);
        assert_eq!(scope["tls"]["client_cert_name"], "CN=client");
        let chain = scope["tls"]["client_cert_chain"]
            .as_array()
            .expect("a list")
            .clone();
        let shown = std::fs::read_to_string(&certificate).expect("read");
        let bare = |pem: &str| pem.split_whitespace().collect::<String>();
        assert_eq!(bare(chain[0].as_str().expect("PEM")), bare(&shown));
        fails(&[flag, "--cacert", &trust, &url]);
        // The server's own certificate is from the right authority, but not for clients.
        let (other, its_key) = (certificates.file("server.pem"), certificates.file("server.key"));
        fails(&[
            flag, "--cacert", &trust, "--cert", &other, "--key", &its_key, &url,
        ]);
    }
}

#[test]
fn a_certificate_that_is_optional_may_be_left_out() {
    let certificates = Certificates::new();
    let rest = format!(
        ":clientCaCerts={}:clientCert=optional",
        certificates.file("ca.pem")
    );
    let site = Site::secure(&certificates, &rest);
    let url = format!("{}/scope/", site.url);
    let trust = certificates.file("ca.pem");
    assert_eq!(
        json(&["--cacert", &trust, &url])["tls"]["client_cert_name"],
        Value::Null
    );
    let (certificate, key) = (certificates.file("client.pem"), certificates.file("client.key"));
    let scope = json(&["--cacert", &trust, "--cert", &certificate, "--key", &key, &url]);
    assert_eq!(scope["tls"]["client_cert_name"], "CN=client");
    let other = Certificates::new();
    let (certificate, key) = (other.file("client.pem"), other.file("client.key"));
    fails(&["--cacert", &trust, "--cert", &certificate, "--key", &key, &url]);
}

#[test]
fn a_unix_socket_has_neither_client_nor_server_address() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("site.sock");
    let path = path.to_str().expect("text");
    let _site = Site::at(&["--unix-socket", path]);
    for (flag, version) in [("--http1.1", "1.1"), ("--http2-prior-knowledge", "2")] {
        let scope = json(&[flag, "--unix-socket", path, "http://localhost/scope/"]);
        assert_eq!(scope["http_version"], version);
        assert_eq!(scope["client"], Value::Null, "{scope}");
        assert_eq!(
            curl(&[flag, "--unix-socket", path, "http://localhost/parts/100/"]).len(),
            100 * 1024
        );
    }
}
