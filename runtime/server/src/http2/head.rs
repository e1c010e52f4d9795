//! The heads of requests and responses: what `h2` lets through and this server must not.
//!
//! `h2` itself refuses, with a stream error: upper case names, pseudo-headers that are missing,
//! unknown, doubled or out of place, connection-specific headers, `te` other than `trailers`,
//! `content-length` that is not the body's; and answers 431 to a header list that is too large.

use h2::ext::Protocol;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, StatusCode, Uri};

use super::date;
use crate::guard::is_value;

/// Headers that say something of an HTTP/1.1 connection (RFC 9113 §8.2.2).
const OF_CONNECTIONS: [HeaderName; 5] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Whether a request asks for a WebSocket (RFC 8441 §4).
pub(super) fn is_websocket<B>(request: &Request<B>) -> bool {
    protocol(request).is_some_and(|name| name.eq_ignore_ascii_case("websocket"))
}

fn protocol<B>(request: &Request<B>) -> Option<&str> {
    request.extensions().get::<Protocol>().map(Protocol::as_str)
}

/// Checks the head of a request, and gives it the form it would have over HTTP/1.1: one `cookie`,
/// a `host`, and GET for a WebSocket.
///
/// # Errors
/// The status to refuse the request with.
pub(crate) fn check<B>(request: &mut Request<B>, max_headers: usize) -> Result<(), StatusCode> {
    if request.headers().len() > max_headers {
        return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    if !request.headers().values().all(is_clean) {
        return Err(StatusCode::BAD_REQUEST);
    }
    if protocol(request).is_some() {
        if !is_websocket(request) {
            return Err(StatusCode::NOT_IMPLEMENTED);
        }
        *request.method_mut() = Method::GET;
    }
    if request.method() != Method::CONNECT && !is_target(request.method(), request.uri()) {
        return Err(StatusCode::BAD_REQUEST);
    }
    check_host(request)?;
    join_cookies(request.headers_mut());
    Ok(())
}

/// Spaces around a value are malformed here (RFC 9113 §8.2.1).
fn is_clean(value: &HeaderValue) -> bool {
    let value = value.as_bytes();
    value.iter().all(|byte| is_value(*byte)) && value.trim_ascii().len() == value.len()
}

/// A path of ASCII from the root, or `*` for OPTIONS (RFC 9113 §8.3.1).
fn is_target(method: &Method, uri: &Uri) -> bool {
    let Some(target) = uri.path_and_query() else {
        return false;
    };
    let target = target.as_str();
    let in_form = target.starts_with('/') || (target == "*" && method == Method::OPTIONS);
    in_form && target.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `host` may repeat `:authority`, and may not contradict it (RFC 9113 §8.3.1).
fn check_host<B>(request: &Request<B>) -> Result<(), StatusCode> {
    let Some(authority) = request.uri().authority() else {
        return Ok(());
    };
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let same = |host: &HeaderValue| {
        host.as_bytes()
            .eq_ignore_ascii_case(authority.as_str().as_bytes())
    };
    if hosts.all(same) {
        Ok(())
    } else {
        Err(StatusCode::BAD_REQUEST)
    }
}

/// Clients split cookies to compress them better (RFC 9113 §8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut crumbs = headers.get_all(header::COOKIE).iter();
    if crumbs.nth(1).is_none() {
        return;
    }
    let crumbs: Vec<&[u8]> = headers
        .get_all(header::COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    let joined = crumbs.join(&b"; "[..]);
    let cookie = HeaderValue::from_bytes(&joined).expect("legal values, and legal between them");
    headers.insert(header::COOKIE, cookie);
}

/// Drops what `h2` would refuse to send.
pub(super) fn drop_of_connections(headers: &mut HeaderMap) {
    for name in OF_CONNECTIONS {
        headers.remove(name);
    }
}

/// Makes a response's headers those of HTTP/2.
pub(super) fn dress(headers: &mut HeaderMap) {
    drop_of_connections(headers);
    headers.entry(header::DATE).or_insert_with(date::now);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str, headers: &[(&str, &[u8])]) -> Request<()> {
        let mut builder = Request::get(target);
        for (name, value) in headers {
            builder = builder.header(*name, HeaderValue::from_bytes(value).unwrap());
        }
        builder.body(()).unwrap()
    }

    #[test]
    fn cookie_crumbs_are_joined_in_their_order() {
        let mut request = request("/", &[("cookie", b"a=1"), ("x", b"y"), ("cookie", b"b=2")]);
        check(&mut request, 100).unwrap();
        let cookies: Vec<_> = request.headers().get_all("cookie").iter().collect();
        assert_eq!(cookies, ["a=1; b=2"]);
    }

    #[test]
    fn values_and_targets_that_http1_refuses_are_refused() {
        for value in [&b"a\x85b"[..], b" a", b"a\t"] {
            let mut request = request("/", &[("x", value)]);
            assert_eq!(
                check(&mut request, 100),
                Err(StatusCode::BAD_REQUEST),
                "{value:?}"
            );
        }
        for value in [&b"a\tb"[..], b"\xe9", b"", b"\xff"] {
            assert_eq!(
                check(&mut request("/", &[("x", value)]), 100),
                Ok(()),
                "{value:?}"
            );
        }
        for target in ["*", "/caf\u{e9}", "/?q=\u{e9}"] {
            let Ok(target) = target.parse::<Uri>() else {
                continue;
            };
            let mut request = request("/", &[]);
            *request.uri_mut() = target;
            assert_eq!(check(&mut request, 100), Err(StatusCode::BAD_REQUEST));
        }
        let mut options = request("*", &[]);
        *options.method_mut() = Method::OPTIONS;
        assert_eq!(check(&mut options, 100), Ok(()));
    }

    #[test]
    fn a_host_that_contradicts_the_authority_is_refused() {
        let target = "https://example.org/";
        assert_eq!(
            check(&mut request(target, &[("host", b"Example.org")]), 100),
            Ok(())
        );
        let mut other = request(target, &[("host", b"example.com")]);
        assert_eq!(check(&mut other, 100), Err(StatusCode::BAD_REQUEST));
    }

    #[test]
    fn too_many_headers_are_refused() {
        let mut request = request("/", &[("a", b"1"), ("b", b"2"), ("c", b"3")]);
        assert_eq!(check(&mut request, 3), Ok(()));
        let refused = Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        assert_eq!(check(&mut request, 2), refused);
    }

    #[test]
    fn a_protocol_makes_a_websocket_or_nothing() {
        for (name, expected) in [
            ("websocket", Ok(())),
            ("connect-udp", Err(StatusCode::NOT_IMPLEMENTED)),
        ] {
            let mut request = request("https://example.org/", &[]);
            *request.method_mut() = Method::CONNECT;
            request.extensions_mut().insert(Protocol::from(name));
            assert_eq!(check(&mut request, 100), expected);
            assert_eq!(request.method() == Method::GET, expected.is_ok());
        }
    }
}
