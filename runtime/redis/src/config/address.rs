//! The URL strings of redis-py.

use percent_encoding::percent_decode_str;

use super::host::HostError;
use super::shape::Arguments;

const FORMS: &str = "write redis://[[user]:password@]host[:port][/db], rediss://… for TLS, \
                     or unix:///path/to/socket[?db=0]";

/// Reads a URL as redis-py does: the query's `db` counts before the path's.
pub(super) fn parse(url: &str) -> Result<Arguments, HostError> {
    let refused = |why: &str| HostError(format!("{why}; {FORMS}"));
    let (scheme, rest) = url.split_once("://").ok_or_else(|| refused("it is no URL"))?;
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (user, server) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (username, password) = user.split_once(':').unwrap_or((user, ""));

    let mut arguments = Arguments::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        arguments.set(&name, &value).map_err(|why| refused(&why))?;
    }
    match fragment {
        "" => {}
        // As other clients of Rust write it.
        "insecure" if scheme == "rediss" => arguments.set("ssl_cert_reqs", "none").map_err(HostError)?,
        _ => {
            return Err(refused(
                "a part behind # is not known; write # in a password as %23",
            ));
        }
    }
    if !username.is_empty() {
        arguments.username = Some(decoded(username).ok_or_else(|| refused("the user name is not UTF-8"))?);
    }
    if !password.is_empty() {
        arguments.password = Some(decoded(password).ok_or_else(|| refused("the password is not UTF-8"))?);
    }
    match scheme {
        "unix" => {
            if !server.is_empty() || path.is_empty() {
                return Err(refused("a socket's path begins with a third slash"));
            }
            arguments.path = Some(decoded(path).ok_or_else(|| refused("the path is not UTF-8"))?);
        }
        "redis" | "rediss" => {
            arguments.ssl = Some(scheme == "rediss");
            let (host, port) = server_and_port(server).ok_or_else(|| refused("its port is no number"))?;
            arguments.host = Some(decoded(host).ok_or_else(|| refused("the host is not UTF-8"))?);
            arguments.port = port;
            let db = path.trim_matches('/');
            if arguments.db.is_none() && !db.is_empty() {
                arguments.set("db", db).map_err(|why| refused(&why))?;
            }
        }
        other => return Err(refused(&format!("its scheme is {other}"))),
    }
    Ok(arguments)
}

/// Takes `host`, `host:port`, `[v6]` or `[v6]:port` apart; nothing is `localhost`.
fn server_and_port(server: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match server.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => server.split_at(server.find(':').unwrap_or(server.len())),
    };
    let port = match port.strip_prefix(':') {
        Some("") => None,
        Some(port) => Some(port.parse().ok()?),
        None if port.is_empty() => None,
        None => return None,
    };
    Some((if host.is_empty() { "localhost" } else { host }, port))
}

fn decoded(text: &str) -> Option<String> {
    Some(percent_decode_str(text).decode_utf8().ok()?.into_owned())
}
