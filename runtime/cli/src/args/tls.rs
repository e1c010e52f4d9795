//! What connections speak below and beside HTTP/1.1.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use laureola::server::tls::{ClientCertificates, TlsConfig};
use laureola::server::{Builder, Endpoint, Trusted};

use super::values::seconds;

const TLS: &str = "TLS (for every listener but those of ssl:, which have their own)";
const PROTOCOLS: &str = "Protocols";

/// TLS, the PROXY protocol, HTTP/2.
#[derive(Clone, Debug, Args)]
pub struct Protocols {
    /// Certificate and those that lead to its authority, PEM; read again when the file changes, and at
    /// SIGHUP
    #[arg(long, value_name = "FILE", help_heading = TLS)]
    pub tls_cert: Option<PathBuf>,

    /// Private key of the certificate [default: it is in the certificate's file]
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = TLS)]
    pub tls_key: Option<PathBuf>,

    /// Authorities whose client certificates are trusted; clients are asked for one then
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = TLS)]
    pub tls_client_ca: Option<PathBuf>,

    /// Whether a client has to show a certificate
    #[arg(
        long,
        value_name = "WHETHER",
        value_enum,
        default_value = "required",
        requires = "tls_client_ca",
        help_heading = TLS
    )]
    pub tls_client_auth: ClientAuth,

    /// Time for a TLS handshake
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds, help_heading = TLS)]
    pub tls_handshake_timeout: Duration,

    /// Expect a header of the PROXY protocol (v1 or v2) before everything else, on every listener
    #[arg(long, help_heading = PROTOCOLS)]
    pub proxy_protocol: bool,

    /// Which peers may speak the PROXY protocol, as for --forwarded-allow-ips; others are cut off
    /// [default: loopback addresses and unix]
    #[arg(long, value_name = "LIST", help_heading = PROTOCOLS)]
    pub proxy_protocol_from: Option<Trusted>,

    /// Speak HTTP/2, over TLS and without; on by default
    #[arg(long, overrides_with = "no_http2", help_heading = PROTOCOLS)]
    pub http2: bool,

    /// Speak HTTP/1.1 only
    #[arg(long, overrides_with = "http2", help_heading = PROTOCOLS)]
    pub no_http2: bool,
}

/// What a client without a certificate gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ClientAuth {
    /// Nothing: its handshake fails
    #[default]
    Required,
    /// It is served; the application sees that it has none
    Optional,
}

impl Protocols {
    pub(crate) fn apply(&self, builder: Builder) -> Builder {
        let builder = builder
            .http2(!self.no_http2)
            .handshake_timeout(self.tls_handshake_timeout);
        match &self.proxy_protocol_from {
            Some(trusted) => builder.proxy_protocol_from(trusted.clone()),
            None => builder,
        }
    }

    /// `endpoint` with what is asked for every listener, unless it has it already.
    pub(crate) fn wrap(&self, endpoint: Endpoint) -> Endpoint {
        let (has_tls, has_proxy) = layers(&endpoint);
        let endpoint = match self.config().filter(|_| !has_tls) {
            Some(config) => endpoint.tls(config),
            None => endpoint,
        };
        if self.proxy_protocol && !has_proxy {
            endpoint.behind_proxy()
        } else {
            endpoint
        }
    }

    fn config(&self) -> Option<TlsConfig> {
        let certificate = self.tls_cert.as_ref()?;
        let mut config = TlsConfig::new(certificate, self.tls_key.as_ref().unwrap_or(certificate));
        config.client_certificates = match (self.tls_client_ca.clone(), self.tls_client_auth) {
            (None, _) => ClientCertificates::Ignored,
            (Some(authorities), ClientAuth::Required) => ClientCertificates::Required { authorities },
            (Some(authorities), ClientAuth::Optional) => ClientCertificates::Optional { authorities },
        };
        Some(config)
    }
}

/// Whether there is TLS in an endpoint, and the PROXY protocol.
fn layers(endpoint: &Endpoint) -> (bool, bool) {
    match endpoint {
        Endpoint::Tls { inner, .. } => (true, layers(inner).1),
        Endpoint::ProxyProtocol { inner } => (layers(inner).0, true),
        _ => (false, false),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        protocols: Protocols,
    }

    fn parse(args: &[&str]) -> Protocols {
        let args = std::iter::once(&"laureola").chain(args);
        Command::try_parse_from(args).expect("valid").protocols
    }

    #[test]
    fn every_listener_gets_tls_and_the_proxy_protocol_once() {
        let plain = Endpoint::tcp("127.0.0.1", 1);
        assert_eq!(parse(&[]).wrap(plain.clone()), plain);
        let both = parse(&["--tls-cert", "a.pem", "--proxy-protocol"]);
        let config = TlsConfig::new("a.pem", "a.pem");
        let wrapped = plain.clone().tls(config).behind_proxy();
        assert_eq!(both.wrap(plain.clone()), wrapped);
        assert_eq!(both.wrap(wrapped.clone()), wrapped);
        let own = plain.tls(TlsConfig::new("b.pem", "b.key"));
        assert_eq!(both.wrap(own.clone()), own.behind_proxy());
    }

    #[test]
    fn client_certificates_are_required_unless_said_otherwise() {
        let config = |args: &[&str]| {
            let args = [
                &["--tls-cert", "a", "--tls-key", "k", "--tls-client-ca", "ca"],
                args,
            ]
            .concat();
            parse(&args).config().expect("TLS").client_certificates
        };
        let authorities = || "ca".into();
        assert_eq!(
            config(&[]),
            ClientCertificates::Required {
                authorities: authorities()
            }
        );
        assert_eq!(
            config(&["--tls-client-auth=optional"]),
            ClientCertificates::Optional {
                authorities: authorities()
            }
        );
    }

    #[test]
    fn the_last_of_http2_and_no_http2_counts() {
        assert!(!parse(&[]).no_http2);
        assert!(parse(&["--no-http2"]).no_http2);
        assert!(!parse(&["--no-http2", "--http2"]).no_http2);
    }
}
