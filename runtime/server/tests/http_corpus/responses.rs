//! HEAD, HTTP/1.0, and statuses that have no body.

use laureola_testkit::{HttpResponse, RawHttp};

use crate::pages::Pages;
use crate::support::{DEADLINE, Running};

fn server() -> Running {
    Running::start(Pages::new().application())
}

/// The response to `method path`, without a body, with proof that none came.
#[track_caller]
fn bodiless(server: &Running, method: &str, path: &str) -> HttpResponse {
    let mut client = RawHttp::connect(server.port);
    client.write(format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\n\r\nGET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    ));
    let response = client.read_head(DEADLINE).expect("a response");
    let next = client
        .read_response(DEADLINE)
        .expect("the next one, right behind the head");
    assert_eq!(next.text(), "/next ", "{method} {path}");
    response
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    let server = server();
    for path in ["/length", "/parts"] {
        let head = bodiless(&server, "HEAD", path);
        let get = RawHttp::get(server.port, path, DEADLINE);
        assert_eq!(get.text(), "body");
        for name in ["content-length", "content-type", "server"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
    }
    assert_eq!(
        bodiless(&server, "HEAD", "/length").header("content-length"),
        Some("4")
    );
}

#[test]
fn statuses_without_a_body_have_none_whatever_the_application_sends() {
    let server = server();
    for status in [204, 304] {
        let response = bodiless(&server, "GET", &format!("/status/{status}"));
        assert_eq!(response.status, status);
        assert_eq!(response.header("transfer-encoding"), None, "{status}");
        assert_eq!(response.header("content-length"), None, "{status}");
    }
    // RFC 9110 §15.3.6: the content of a 205 is empty; a length or chunks say so.
    let mut client = RawHttp::connect(server.port);
    client.write("GET /status/404 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.read_response(DEADLINE).unwrap().text(), "nobody");
}

#[test]
fn http_1_0_gets_no_chunks_and_the_end_is_the_connections() {
    let server = server();
    for request in [
        "GET /parts HTTP/1.0\r\nHost: x\r\n\r\n",
        "GET /parts HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
    ] {
        let mut client = RawHttp::connect(server.port);
        client.write(request);
        let response = client.read_response(DEADLINE).unwrap();
        assert_eq!(response.header("transfer-encoding"), None);
        assert_eq!(response.header("content-length"), None);
        assert_eq!(response.text(), "body");
        assert!(client.is_closed(DEADLINE));
    }
}

#[test]
fn http_1_0_is_kept_alive_where_it_asks_and_the_length_is_known() {
    let server = server();
    let mut client = RawHttp::connect(server.port);
    for _ in 0..3 {
        client.write("GET /length HTTP/1.0\r\nHost: x\r\nConnection: Keep-Alive\r\n\r\n");
        let response = client.read_response(DEADLINE).unwrap();
        assert_eq!(response.text(), "body");
        let kept = response.header("connection").map(str::to_ascii_lowercase);
        assert_eq!(kept.as_deref(), Some("keep-alive"));
    }
    client.write("GET /length HTTP/1.0\r\nHost: x\r\n\r\n");
    assert_eq!(client.read_response(DEADLINE).unwrap().text(), "body");
    assert!(client.is_closed(DEADLINE));
}

#[test]
fn a_request_to_close_is_confirmed() {
    let server = server();
    let mut client = RawHttp::connect(server.port);
    client.write("GET /length HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_eq!(
        client.read_response(DEADLINE).unwrap().header("connection"),
        Some("close")
    );
    assert!(client.is_closed(DEADLINE));
}
