//! What TLS knows of a connection (ASGI's `tls` extension, version 0.2).

use std::sync::{Arc, OnceLock};

/// The facts of one TLS connection, shared by all its requests.
#[derive(Debug)]
pub struct TlsInfo {
    /// `server_cert`: our certificate, as PEM. One string for all connections.
    pub server_cert: Option<Arc<str>>,
    /// The client's certificates as DER, its own first; empty where it sent none.
    pub client_chain: Box<[Box<[u8]>]>,
    /// `client_cert_name`: the subject of the client's certificate as RFC 4514 writes it.
    pub client_cert_name: Option<Box<str>>,
    /// `client_cert_error`: why the client's certificate was not trusted. Always `None` from a
    /// server that refuses such clients.
    pub client_cert_error: Option<Box<str>>,
    /// `tls_version`: `0x0303` for TLS 1.2, `0x0304` for TLS 1.3.
    pub tls_version: Option<u16>,
    /// `cipher_suite`: the suite's IANA number.
    pub cipher_suite: Option<u16>,
    /// Written by the first application that asks.
    pem: OnceLock<Box<[Box<str>]>>,
}

impl TlsInfo {
    /// The facts of a connection whose client sent `client_chain` (DER, its own certificate first);
    /// all others are to be filled in.
    #[must_use]
    pub fn new(client_chain: Box<[Box<[u8]>]>) -> Self {
        Self {
            server_cert: None,
            client_chain,
            client_cert_name: None,
            client_cert_error: None,
            tls_version: None,
            cipher_suite: None,
            pem: OnceLock::new(),
        }
    }

    /// `client_cert_chain`: the client's certificates as PEM, its own first.
    #[must_use]
    pub fn client_cert_chain(&self) -> &[Box<str>] {
        self.pem
            .get_or_init(|| self.client_chain.iter().map(|der| pem(der).into()).collect())
    }
}

/// A certificate as PEM (RFC 7468), ending with a line feed.
#[must_use]
pub fn pem(der: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(64 + der.len() * 4 / 3 + der.len() / 48);
    text.push_str("-----BEGIN CERTIFICATE-----\n");
    for line in der.chunks(48) {
        for group in line.chunks(3) {
            let bits = group
                .iter()
                .chain(&[0; 2])
                .take(3)
                .fold(0, |bits, byte| bits << 8 | usize::from(*byte));
            for place in 0..4 {
                let letter = LETTERS[bits >> (18 - 6 * place) & 63];
                text.push(if place <= group.len() {
                    char::from(letter)
                } else {
                    '='
                });
            }
        }
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_pads_and_breaks_lines_as_rfc_7468_has_it() {
        let lines = |der: &[u8]| pem(der).lines().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(lines(b"f")[1], "Zg==");
        assert_eq!(lines(b"fo")[1], "Zm8=");
        assert_eq!(lines(b"foobar")[1], "Zm9vYmFy");
        let long = lines(&[0xff; 49]);
        assert_eq!(long[1], "/".repeat(64));
        assert_eq!(long[2], "/w==");
        assert_eq!(long[3], "-----END CERTIFICATE-----");
    }

    #[test]
    fn the_client_chain_is_pem_its_own_first() {
        let info = TlsInfo::new(Box::new([Box::from(*b"own"), Box::from(*b"ca")]));
        assert_eq!(info.client_cert_chain(), [pem(b"own").into(), pem(b"ca").into()]);
    }
}
