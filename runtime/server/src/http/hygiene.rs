//! What a request is checked for, and freed from, once its head is parsed. The guard has seen to
//! everything that the parsed form no longer shows.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode, Uri, header};

use super::host::is_host;

pub(crate) const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// Drops headers whose name holds `_`: CGI-style applications could not tell them from those with
/// `-`, which a proxy may vouch for.
///
/// # Errors
/// The status to refuse the request with.
pub(crate) fn check<B>(request: &mut Request<B>) -> Result<(), StatusCode> {
    if request.method() == Method::CONNECT {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    // RFC 9112 §3.2.4.
    if request.uri().path() == "*" && request.method() != Method::OPTIONS {
        return Err(StatusCode::BAD_REQUEST);
    }
    let (mut hosts, mut underscores) = (0, false);
    for (name, value) in request.headers() {
        if *name == header::HOST {
            hosts += 1;
            // RFC 9112 §3.2; without any, HTTP/1.1 is served all the same, as Daphne does.
            if hosts > 1 || !is_host(value.as_bytes()) {
                return Err(StatusCode::BAD_REQUEST);
            }
        }
        underscores |= has_underscore(name);
    }
    if underscores {
        drop_underscores(request.headers_mut());
    }
    if let Some(host) = target_host(request.uri())? {
        request.headers_mut().insert(header::HOST, host);
    }
    Ok(())
}

/// The host a target names, which counts instead of the `Host` header (RFC 9112 §3.2.2): a proxy
/// in front has chosen us by it. A target without a path is for CONNECT alone (§3.2.3).
fn target_host(target: &Uri) -> Result<Option<HeaderValue>, StatusCode> {
    let Some(authority) = target.authority().map(http::uri::Authority::as_str) else {
        return Ok(None);
    };
    let is_web = matches!(target.scheme_str(), Some("http" | "https" | "ws" | "wss"));
    // A user is not part of what a host may be.
    if !is_web || authority.is_empty() || !is_host(authority.as_bytes()) {
        return Err(StatusCode::BAD_REQUEST);
    }
    let host = HeaderValue::from_str(authority).map_err(|_| StatusCode::BAD_REQUEST)?;
    Ok(Some(host))
}

fn has_underscore(name: &HeaderName) -> bool {
    name.as_str().bytes().any(|byte| byte == b'_')
}

fn drop_underscores(headers: &mut HeaderMap) {
    while let Some(bad) = headers.keys().find(|name| has_underscore(name)).cloned() {
        headers.remove(bad);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request<()> {
        let mut builder = Request::get("/");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(()).unwrap()
    }

    #[test]
    fn names_with_an_underscore_are_dropped_and_the_rest_keeps_its_order() {
        let mut request = request(&[("x_user", "eve"), ("x-user", "1"), ("a", "2"), ("x-user", "3")]);
        check(&mut request).unwrap();
        assert_eq!(request.headers().len(), 3);
        assert!(request.headers().get("x_user").is_none());
        let all: Vec<_> = request.headers().get_all("x-user").iter().collect();
        assert_eq!(all, ["1", "3"]);
    }

    #[test]
    fn the_host_of_an_absolute_target_counts() {
        for (target, host) in [
            ("http://example.org:81/a?b", Some("example.org:81")),
            ("https://[::1]", Some("[::1]")),
            ("/a", Some("x")),
            ("*", Some("x")),
            ("example.org", None),
            ("example.org:80", None),
            ("http://user@example.org/", None),
            ("ftp://example.org/", None),
            ("http://example.org:65536/", None),
        ] {
            let mut request = request(&[("host", "x")]);
            *request.uri_mut() = target.parse().unwrap();
            *request.method_mut() = if target == "*" {
                Method::OPTIONS
            } else {
                Method::GET
            };
            let expected = if host.is_some() {
                Ok(())
            } else {
                Err(StatusCode::BAD_REQUEST)
            };
            assert_eq!(check(&mut request), expected, "{target}");
            if let Some(host) = host {
                assert_eq!(request.headers()["host"], host, "{target}");
            }
        }
    }

    #[test]
    fn two_hosts_and_connect_are_refused() {
        let mut two = request(&[("host", "a"), ("host", "a")]);
        assert_eq!(check(&mut two), Err(StatusCode::BAD_REQUEST));
        let mut connect = request(&[]);
        *connect.method_mut() = Method::CONNECT;
        assert_eq!(check(&mut connect), Err(StatusCode::METHOD_NOT_ALLOWED));
        assert_eq!(check(&mut request(&[])), Ok(()));
    }
}
