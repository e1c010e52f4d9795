//! Twisted's endpoint strings.

use std::str::FromStr;

use super::fields::{Arguments, Field, number, split};
use super::{Endpoint, EndpointError, Passed};

const PORT: &str = "a port, 0 to 65535";
const BACKLOG: &str = "a number of connections";

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let mut fields = split(text)?;
        let kind = fields.remove(0);
        // `split` gives one field at least; `unix=…` names no kind either.
        let name = match kind.name {
            None => kind.value,
            Some(name) => name,
        };
        of_kind(&name, fields)
    }
}

fn of_kind(kind: &str, fields: Vec<Field>) -> Result<Endpoint, EndpointError> {
    match kind {
        "tcp" => tcp("tcp", "0.0.0.0", fields),
        "tcp6" => tcp("tcp6", "::", fields),
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
    let interface = arguments.take("interface").unwrap_or_else(|| all.to_owned());
    match interface
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        Some(address) => address.to_owned(),
        None => interface,
    }
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
    fn what_is_wrong_is_said() {
        assert_eq!(
            error("8000"),
            "unknown kind of endpoint \"8000\"; there are tcp, tcp6, unix, fd and systemd"
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
