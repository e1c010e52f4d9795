//! The flags for what stands in front of the server, and for what it tells of its work.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use laureola::server::observe::access_log::{AccessLog, Format};
use laureola::server::observe::trace::RequestIds;
use laureola::server::proxy_headers::{ProxyHeaders, Trusted};
use laureola::server::{Builder, HeaderName};

const PROXIES: &str = "Reverse proxies";
const OBSERVING: &str = "Observing";

// Not in the field's documentation, where the brackets would be links.
const LOG_HELP: &str = "\
File to append the access log to, opened anew at SIGHUP; - is stdout [default: - unless verbosity is 0]";

const FORMAT_HELP: &str = "\
daphne, combined (Apache's), json, or a template of your own, such as '{client} \"{request}\" {status} \
{duration_ms}' with %(name)s for {name} if you like [default: daphne]";

/// Reverse proxies, the access log, and the admin address.
#[derive(Clone, Debug, Default, Args)]
pub struct ObserveArgs {
    /// Path the application is mounted at: its root_path
    #[arg(long, value_name = "PATH", default_value = "", hide_default_value = true, help_heading = PROXIES)]
    pub root_path: String,

    /// Take the client's address and scheme from the headers X-Forwarded-For, X-Forwarded-Port and
    /// X-Forwarded-Proto of trusted proxies
    #[arg(long, help_heading = PROXIES)]
    pub proxy_headers: bool,

    /// Header with the client's address instead of X-Forwarded-For: X-Real-IP, Forwarded (RFC 7239), ...
    #[arg(long, value_name = "NAME", requires = "proxy_headers", help_heading = PROXIES)]
    pub proxy_headers_host: Option<HeaderName>,

    /// Header with the client's port instead of X-Forwarded-Port
    #[arg(long, value_name = "NAME", requires = "proxy_headers", help_heading = PROXIES)]
    pub proxy_headers_port: Option<HeaderName>,

    /// Which proxies to trust: addresses, networks (10.0.0.0/8), unix for UNIX sockets, * for everybody,
    /// with commas between; also for Daphne-Root-Path [default: loopback addresses and unix]
    #[arg(long, value_name = "LIST", help_heading = PROXIES)]
    pub forwarded_allow_ips: Option<Trusted>,

    /// `--access-log FILE`.
    #[arg(long, value_name = "FILE", help = LOG_HELP, help_heading = OBSERVING)]
    pub access_log: Option<PathBuf>,

    /// `--access-log-format FORMAT`.
    #[arg(long, value_name = "FORMAT", help = FORMAT_HELP, help_heading = OBSERVING)]
    pub access_log_format: Option<Format>,

    /// Give every request an id: a trusted proxy's X-Request-ID, the trace of its traceparent, or a new
    /// one; and send it as X-Request-ID with the response
    #[arg(long, help_heading = OBSERVING)]
    pub request_id: bool,

    /// OpenTelemetry collector to export spans to, OTLP over HTTP: http://127.0.0.1:4318
    #[cfg(feature = "otel")]
    #[arg(long, value_name = "URL", help_heading = OBSERVING)]
    pub otel_endpoint: Option<String>,

    /// Address of a second, private server with /healthz, /readyz and /metrics (Prometheus); the second
    /// of several worker processes has its own one port above, and so on
    #[arg(long, value_name = "HOST:PORT", help_heading = OBSERVING)]
    pub admin: Option<SocketAddr>,
}

impl ObserveArgs {
    /// The access log, running. Daphne writes one unless it is told to be quiet.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub(crate) fn open_access_log(&self, verbosity: u8) -> Result<Option<AccessLog>> {
        let format = self.access_log_format.clone().unwrap_or(Format::Daphne);
        let log = match &self.access_log {
            None if verbosity == 0 => return Ok(None),
            Some(path) if path.as_os_str() != "-" => AccessLog::file(format, path)
                .with_context(|| format!("cannot open the access log {}", path.display()))?,
            _ => AccessLog::stdout(format).context("cannot start the access log")?,
        };
        Ok(Some(log))
    }

    /// `builder` with what the flags say of proxies.
    pub(crate) fn apply(&self, builder: Builder) -> Builder {
        let headers = self.proxy_headers.then(|| {
            let names = ProxyHeaders::default();
            ProxyHeaders {
                host_header: self.proxy_headers_host.clone().unwrap_or(names.host_header),
                port_header: self.proxy_headers_port.clone().unwrap_or(names.port_header),
                ..ProxyHeaders::default()
            }
        });
        let ids = self.request_id.then_some(RequestIds {
            accept_header: true,
            echo: true,
        });
        #[cfg(feature = "otel")]
        let builder = if self.otel_endpoint.is_some() {
            crate::otel::join(builder)
        } else {
            builder
        };
        builder
            .request_ids(ids)
            .root_path(&self.root_path)
            .proxy_headers(headers)
            .trusted_proxies(self.forwarded_allow_ips.clone().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Command {
        #[command(flatten)]
        observe: ObserveArgs,
    }

    fn parse(args: &[&str]) -> Result<ObserveArgs, clap::Error> {
        let args = std::iter::once("laureola").chain(args.iter().copied());
        Command::try_parse_from(args).map(|command| command.observe)
    }

    #[test]
    fn daphnes_flags_and_ours() {
        let args = parse(&[
            "--proxy-headers",
            "--proxy-headers-host=X-Real-IP",
            "--proxy-headers-port",
            "X-Real-Port",
            "--forwarded-allow-ips=10.0.0.0/8,unix",
            "--root-path=/app",
            "--access-log=-",
            "--access-log-format={client} {status}",
            "--admin=127.0.0.1:9000",
        ]);
        let args = args.expect("valid");
        assert_eq!(
            args.proxy_headers_host,
            Some(HeaderName::from_static("x-real-ip"))
        );
        assert_eq!(args.admin, Some(([127, 0, 0, 1], 9000).into()));
    }

    #[test]
    fn header_names_need_the_flag_that_uses_them() {
        for bad in [
            &["--proxy-headers-host=X-Real-IP"][..],
            &["--proxy-headers-port=X-Port"],
            &["--proxy-headers", "--proxy-headers-host=a b"],
            &["--forwarded-allow-ips=proxy"],
            &["--access-log-format=common"],
            &["--admin=9000"],
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_access_log_is_off_only_at_verbosity_0() {
        let args = ObserveArgs::default();
        assert!(args.open_access_log(0).expect("none").is_none());
        assert!(args.open_access_log(1).expect("stdout").is_some());
        let args = parse(&["--access-log=/nonexistent/access.log"]).expect("valid");
        let error = args.open_access_log(1).expect_err("no such directory");
        assert!(format!("{error:#}").contains("/nonexistent/access.log"));
    }
}
