//! Twisted's endpoint strings.

use std::fmt::Write as _;

use crate::tls::{ClientCertificates, TlsConfig, TlsVersion};
use crate::{Endpoint, endpoint::Passed};

/// `data` is an endpoint string. What is understood is understood alike once it is written anew;
/// what is not has a message.
pub fn endpoint(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match text.parse::<Endpoint>() {
        Ok(endpoint) => {
            let Some(text) = write(&endpoint) else { return };
            assert_eq!(text.parse(), Ok(endpoint), "{text:?}");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn write(endpoint: &Endpoint) -> Option<String> {
    let (mut text, backlog) = match endpoint {
        Endpoint::Tcp { host, port, backlog } => {
            (format!("tcp:port={port}:interface={}", escape(host)), backlog)
        }
        Endpoint::Unix { path, mode, backlog } => {
            let mut text = format!("unix:address={}", escape(path.to_str()?));
            let _ = write!(text, ":mode={:o}", (*mode)?);
            (text, backlog)
        }
        Endpoint::Fd(number) => (format!("fd:fileno={number}"), &None),
        Endpoint::Systemd(Passed::Index(index)) => (format!("systemd:index={index}"), &None),
        Endpoint::Systemd(Passed::Name(name)) => (format!("systemd:name={}", escape(name)), &None),
        Endpoint::ProxyProtocol { inner } => (format!("haproxy:{}", write(inner)?), &None),
        Endpoint::Tls { inner, config } => (write_tls(inner, config)?, &None),
    };
    if let Some(backlog) = backlog {
        let _ = write!(text, ":backlog={backlog}");
    }
    Some(text)
}

fn write_tls(inner: &Endpoint, config: &TlsConfig) -> Option<String> {
    let mut text = write(inner)?.replacen("tcp:", "ssl:", 1);
    let mut argument = |name, value: &str| {
        let _ = write!(text, ":{name}={}", escape(value));
    };
    argument("privateKey", config.key.to_str()?);
    argument("certKey", config.certificate.to_str()?);
    for path in &config.extra_chain {
        argument("extraCertChain", path.to_str()?);
    }
    match &config.client_certificates {
        ClientCertificates::Ignored => {}
        ClientCertificates::Optional { authorities } => {
            argument("clientCaCerts", authorities.to_str()?);
            argument("clientCert", "optional");
        }
        ClientCertificates::Required { authorities } => argument("clientCaCerts", authorities.to_str()?),
    }
    if config.min_version == TlsVersion::V1_3 {
        argument("minVersion", "1.3");
    }
    argument("ciphers", &config.ciphers.join(","));
    Some(text)
}

fn escape(value: &str) -> String {
    value.replace('\\', r"\\").replace(':', r"\:")
}
