//! Twisted's endpoint strings.

use std::path::PathBuf;
use std::str::FromStr;

use super::fields::{Arguments, Field, number, split};
use super::{Endpoint, EndpointError, Passed};
use crate::tls::{ClientCertificates, TlsConfig, TlsVersion};

const PORT: &str = "a port, 0 to 65535";
const BACKLOG: &str = "a number of connections";

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let mut fields = split(text)?;
        let mut kind = take_kind(&mut fields);
        if kind != "haproxy" {
            return of_kind(&kind, fields);
        }
        if fields.is_empty() {
            return Err(EndpointError::Missing {
                kind: "haproxy",
                argument: "another endpoint",
                example: "haproxy:tcp:8000",
            });
        }
        kind = take_kind(&mut fields);
        Ok(of_kind(&kind, fields)?.behind_proxy())
    }
}

/// The first field, which there is. `tcp=8000` names no kind, and is told so.
fn take_kind(fields: &mut Vec<Field>) -> String {
    let Field { name, value } = fields.remove(0);
    match name {
        None => value,
        Some(name) => format!("{name}={value}"),
    }
}

fn of_kind(kind: &str, fields: Vec<Field>) -> Result<Endpoint, EndpointError> {
    match kind {
        "tcp" => tcp("tcp", "0.0.0.0", fields),
        "tcp6" => tcp("tcp6", "::", fields),
        "ssl" => ssl(fields),
        "unix" => unix(fields),
        "fd" => fd(fields),
        "systemd" => systemd(fields),
        kind => Err(EndpointError::Kind(kind.to_owned())),
    }
}

fn tcp(kind: &'static str, all: &str, fields: Vec<Field>) -> Result<Endpoint, EndpointError> {
    let mut arguments = Arguments::new(kind, &["port", "interface", "backlog"], fields)?;
    let port = arguments.need("port", "tcp:8000")?;
    Ok(Endpoint::Tcp {
        port: number("port", port, PORT)?,
        host: interface(&mut arguments, all),
        backlog: backlog(&mut arguments)?,
    })
}

fn ssl(fields: Vec<Field>) -> Result<Endpoint, EndpointError> {
    const NAMES: &[&str] = &[
        "port",
        "privateKey",
        "certKey",
        "sslmethod",
        "interface",
        "backlog",
        "extraCertChain",
        "dhParameters",
        "clientCaCerts",
        "clientCert",
        "minVersion",
        "ciphers",
    ];
    let mut arguments = Arguments::new("ssl", NAMES, fields)?;
    let port = arguments.need("port", "ssl:443:privateKey=key.pem:certKey=crt.pem")?;
    let inner = Endpoint::Tcp {
        port: number("port", port, PORT)?,
        host: interface(&mut arguments, "0.0.0.0"),
        backlog: backlog(&mut arguments)?,
    };
    let key = arguments
        .take("privateKey")
        .unwrap_or_else(|| "server.pem".to_owned());
    let certificate = arguments.take("certKey").unwrap_or_else(|| key.clone());
    let mut config = TlsConfig::new(certificate, key);
    config
        .extra_chain
        .extend(arguments.take("extraCertChain").map(PathBuf::from));
    config.client_certificates = client_certificates(&mut arguments)?;
    config.min_version = match arguments.take("minVersion").as_deref() {
        None | Some("1.2") => TlsVersion::V1_2,
        Some("1.3") => TlsVersion::V1_3,
        Some(value) => return Err(value_error("minVersion", value, "1.2 or 1.3")),
    };
    let ciphers = arguments.take("ciphers").unwrap_or_default();
    let ciphers = ciphers.split(',').filter(|name| !name.is_empty());
    config.ciphers = ciphers.map(str::to_owned).collect();
    Ok(inner.tls(config))
}

fn client_certificates(arguments: &mut Arguments) -> Result<ClientCertificates, EndpointError> {
    let asked = arguments.take("clientCert");
    let Some(authorities) = arguments.take("clientCaCerts").map(PathBuf::from) else {
        return match asked {
            None => Ok(ClientCertificates::Ignored),
            Some(_) => Err(EndpointError::Missing {
                kind: "ssl",
                argument: "clientCaCerts beside clientCert",
                example: "ssl:443:clientCaCerts=ca.pem:clientCert=optional",
            }),
        };
    };
    match asked.as_deref() {
        None | Some("required") => Ok(ClientCertificates::Required { authorities }),
        Some("optional") => Ok(ClientCertificates::Optional { authorities }),
        Some(value) => Err(value_error("clientCert", value, "required or optional")),
    }
}

fn value_error(name: &'static str, value: &str, expected: &'static str) -> EndpointError {
    EndpointError::Value {
        name,
        value: value.to_owned(),
        expected,
    }
}

fn unix(fields: Vec<Field>) -> Result<Endpoint, EndpointError> {
    let mut arguments = Arguments::new("unix", &["address", "mode", "backlog", "lockfile"], fields)?;
    let path = arguments.need("address", "unix:/run/site.sock")?;
    if path.contains('\0') {
        let (name, expected) = ("address", "a path");
        return Err(EndpointError::Value {
            name,
            value: path,
            expected,
        });
    }
    Ok(Endpoint::Unix {
        path: path.into(),
        mode: Some(arguments.take("mode").map_or(Ok(0o666), mode)?),
        backlog: backlog(&mut arguments)?,
    })
}

fn fd(fields: Vec<Field>) -> Result<Endpoint, EndpointError> {
    let mut arguments = Arguments::new("fd", &["fileno", "domain"], fields)?;
    domain(&mut arguments)?;
    let fileno = arguments.need("fileno", "fd:fileno=3")?;
    Ok(Endpoint::Fd(number(
        "fileno",
        fileno,
        "the number of a descriptor",
    )?))
}

fn systemd(fields: Vec<Field>) -> Result<Endpoint, EndpointError> {
    let example = "systemd:domain=INET:index=0";
    let mut arguments = Arguments::new("systemd", &["domain", "index", "name"], fields)?;
    domain(&mut arguments)?;
    match (arguments.take("index"), arguments.take("name")) {
        (Some(index), None) => {
            let index = number("index", index, "the place of a descriptor, from 0")?;
            Ok(Endpoint::Systemd(Passed::Index(index)))
        }
        (None, Some(name)) => Ok(Endpoint::Systemd(Passed::Name(name))),
        _ => Err(EndpointError::Missing {
            kind: "systemd",
            argument: "either index or name",
            example,
        }),
    }
}

/// Brackets around an IPv6 address are not part of it.
fn interface(arguments: &mut Arguments, all: &str) -> String {
    let interface = arguments.take("interface").unwrap_or_default();
    let address = interface
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(&interface);
    // An interface without a name is any, with brackets and without.
    let address = if address.is_empty() { all } else { address };
    address.to_owned()
}

fn backlog(arguments: &mut Arguments) -> Result<Option<u32>, EndpointError> {
    let backlog = arguments.take("backlog");
    backlog.map(|value| number("backlog", value, BACKLOG)).transpose()
}

fn mode(value: String) -> Result<u32, EndpointError> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    match u32::from_str_radix(&value, 8) {
        Ok(mode) if digits && mode <= 0o777 => Ok(mode),
        _ => Err(EndpointError::Value {
            name: "mode",
            value,
            expected: "octal permissions such as 660",
        }),
    }
}

/// Checked only: the socket itself knows its domain.
fn domain(arguments: &mut Arguments) -> Result<(), EndpointError> {
    match arguments.take("domain") {
        Some(value) if !matches!(value.as_str(), "INET" | "INET6" | "UNIX") => Err(EndpointError::Value {
            name: "domain",
            value,
            expected: "INET, INET6 or UNIX",
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Endpoint, EndpointError> {
        text.parse()
    }

    fn error(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn daphnes_strings_are_understood() {
        let tcp = |host, port| Ok(Endpoint::tcp(host, port));
        assert_eq!(parse("tcp:8000:interface=0.0.0.0"), tcp("0.0.0.0", 8000));
        assert_eq!(parse("tcp:port=8000:interface=127.0.0.1"), tcp("127.0.0.1", 8000));
        assert_eq!(parse("tcp:8000"), tcp("0.0.0.0", 8000));
        assert_eq!(parse("tcp:8000:"), tcp("0.0.0.0", 8000));
        assert_eq!(parse("tcp6:8000"), tcp("::", 8000));
        assert_eq!(parse(r"tcp:0:interface=\:\:1"), tcp("::1", 0));
        for any in ["tcp:0:interface=", "tcp:0:interface=[]"] {
            assert_eq!(parse(any), tcp("0.0.0.0", 0), "{any}");
        }
        assert_eq!(parse(r"tcp6:0:[fe80\:\:1%lo]"), tcp("fe80::1%lo", 0));
        assert_eq!(parse("unix:/run/a.sock"), Ok(Endpoint::unix("/run/a.sock")));
        assert_eq!(
            parse(r"unix:address=/run/a\:b.sock:mode=660:backlog=7:lockfile=0"),
            Ok(Endpoint::Unix {
                path: "/run/a:b.sock".into(),
                mode: Some(0o660),
                backlog: Some(7),
            })
        );
        assert_eq!(parse("fd:fileno=3"), Ok(Endpoint::Fd(3)));
        assert_eq!(parse("fd:3"), Ok(Endpoint::Fd(3)));
        assert_eq!(
            parse("systemd:domain=INET:index=0"),
            Ok(Endpoint::Systemd(Passed::Index(0)))
        );
        assert_eq!(
            parse("systemd:UNIX:name=web"),
            Ok(Endpoint::Systemd(Passed::Name("web".to_owned())))
        );
    }

    #[test]
    fn tls_and_the_proxy_protocol_go_around_a_socket() {
        let config = TlsConfig::new("crt.pem", "key.pem");
        assert_eq!(
            parse("ssl:443:privateKey=key.pem:certKey=crt.pem:sslmethod=TLSv1_2_METHOD"),
            Ok(Endpoint::tcp("0.0.0.0", 443).tls(config.clone()))
        );
        let both = TlsConfig::new("server.pem", "server.pem");
        assert_eq!(parse("ssl:443"), Ok(Endpoint::tcp("0.0.0.0", 443).tls(both)));
        let mut config = config;
        config.extra_chain = vec!["chain.pem".into()];
        config.min_version = TlsVersion::V1_3;
        config.ciphers = vec!["TLS_A".to_owned(), "TLS_B".to_owned()];
        let authorities = PathBuf::from("ca.pem");
        config.client_certificates = ClientCertificates::Optional { authorities };
        let text = "ssl:443:key.pem:crt.pem:extraCertChain=chain.pem:interface=[\\:\\:1]:\
            clientCaCerts=ca.pem:clientCert=optional:minVersion=1.3:ciphers=TLS_A,TLS_B";
        assert_eq!(parse(text), Ok(Endpoint::tcp("::1", 443).tls(config)));
        assert_eq!(
            parse("haproxy:tcp:8000"),
            Ok(Endpoint::tcp("0.0.0.0", 8000).behind_proxy())
        );
        assert_eq!(
            error("haproxy"),
            "a haproxy endpoint needs another endpoint, as in \"haproxy:tcp:8000\""
        );
        assert!(matches!(
            parse("haproxy:haproxy:tcp:8000"),
            Err(EndpointError::Kind(_))
        ));
        for bad in [
            "ssl:443:clientCert=optional",
            "ssl:443:minVersion=1.1",
            "ssl:443:clientCaCerts=a:clientCert=no",
            "ssl",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(
            error("8000"),
            "unknown kind of endpoint \"8000\"; there are tcp, tcp6, ssl, unix, fd, systemd and haproxy"
        );
        assert_eq!(error("tcp"), "a tcp endpoint needs port, as in \"tcp:8000\"");
        assert_eq!(error("tcp:http"), "port=\"http\" is not a port, 0 to 65535");
        assert_eq!(error("tcp:+80"), "port=\"+80\" is not a port, 0 to 65535");
        assert_eq!(
            error("tcp6:80:interface=::1"),
            r"interface is given twice; a colon within a value is written `\:`"
        );
        assert_eq!(
            error("tcp:80:host=x"),
            "a tcp endpoint has no argument \"host\"; it takes port, interface, backlog"
        );
        assert_eq!(
            error("tcp6:80:::1"),
            r#"a tcp6 endpoint has no place for "1"; a colon within a value is written `\:`"#
        );
        assert_eq!(
            error("unix:/a:mode=9"),
            "mode=\"9\" is not octal permissions such as 660"
        );
        assert_eq!(
            error("systemd:domain=INET"),
            "a systemd endpoint needs either index or name, as in \"systemd:domain=INET:index=0\""
        );
        assert!(matches!(parse("unix"), Err(EndpointError::Missing { .. })));
        assert!(matches!(
            parse("systemd:IPX:index=0"),
            Err(EndpointError::Value { .. })
        ));
    }
}
