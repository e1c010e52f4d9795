//! `Expect: 100-continue` (RFC 9110 §10.1.1): 100 when the application asks for the body.

use std::time::Duration;

use laureola_testkit::RawHttp;

use crate::pages::Pages;
use crate::support::{DEADLINE, Running};

const QUIET: Duration = Duration::from_millis(50);

fn head(path: &str, length: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n")
}

#[test]
fn the_client_is_told_to_go_on_when_the_application_asks_for_the_body() {
    let pages = Pages::new();
    let server = Running::start(pages.application());
    let mut client = RawHttp::connect(server.port);
    client.write(head("/gate/echo", 4));
    assert!(!client.is_closed(QUIET), "nobody has asked for the body");
    pages.open_gate();
    assert_eq!(client.read_head(DEADLINE).unwrap().status, 100);
    client.write("body");
    assert_eq!(client.read_response(DEADLINE).unwrap().text(), "/gate/echo body");
    client.write(head("/again", 2));
    assert_eq!(client.read_head(DEADLINE).unwrap().status, 100);
    client.write("ok");
    assert_eq!(client.read_response(DEADLINE).unwrap().text(), "/again ok");
}

#[test]
fn chunks_are_told_to_go_on_too_whatever_the_case() {
    let pages = Pages::new();
    let server = Running::start(pages.application());
    let mut client = RawHttp::connect(server.port);
    client.write("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-Continue\r\n\r\n");
    assert_eq!(client.read_head(DEADLINE).unwrap().status, 100);
    client.write("2\r\nok\r\n0\r\n\r\n");
    assert_eq!(client.read_response(DEADLINE).unwrap().text(), "/a ok");
}

#[test]
fn an_application_that_refuses_needs_no_body() {
    let pages = Pages::new();
    let server = Running::start(pages.application());
    for (path, status) in [("/413", 413), ("/unread", 200), ("/status/404", 404)] {
        let mut client = RawHttp::connect(server.port);
        client.write(head(path, 1_000_000));
        assert_eq!(
            client.read_response(DEADLINE).unwrap().status,
            status,
            "no 100 before it"
        );
    }
}

#[test]
fn what_follows_a_refusal_is_still_the_body() {
    const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    let pages = Pages::new();
    let server = Running::start(pages.application());
    let mut client = RawHttp::connect(server.port);
    client.write(head("/413", SMUGGLED.len()));
    assert_eq!(client.read_response(DEADLINE).unwrap().status, 413);
    client.try_write(SMUGGLED);
    client.try_write("GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
    if let Some(next) = client.read_response(DEADLINE) {
        assert_eq!(next.text(), "/next ");
    }
    assert!(
        pages.seen().iter().all(|seen| seen != "GET /smuggled"),
        "{:?}",
        pages.seen()
    );
}

#[test]
fn a_malformed_request_is_not_told_to_go_on() {
    let pages = Pages::new();
    let server = Running::start(pages.application());
    let mut client = RawHttp::connect(server.port);
    client.write("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(client.read_response(DEADLINE).unwrap().status, 400);
    assert!(client.is_closed(DEADLINE));
    assert!(pages.seen().is_empty());
}

#[test]
fn a_body_that_comes_unasked_is_read_all_the_same() {
    let pages = Pages::new();
    let server = Running::start(pages.application());
    let mut client = RawHttp::connect(server.port);
    client.write(format!("{}body", head("/a", 4)));
    let first = client.read_head(DEADLINE).unwrap();
    assert_eq!(first.status, 100);
    assert_eq!(client.read_response(DEADLINE).unwrap().text(), "/a body");
}

#[test]
fn a_body_that_is_announced_too_long_is_refused_before_it_is_sent() {
    let pages = Pages::new();
    let limits = laureola_server::Limits {
        max_request_body: Some(10),
        ..laureola_server::Limits::default()
    };
    let server = Running::with(pages.application(), |builder| builder.limits(limits));
    let mut client = RawHttp::connect(server.port);
    client.write(head("/a", 11));
    assert_eq!(
        client.read_response(DEADLINE).unwrap().status,
        413,
        "no 100 before it"
    );
    assert!(client.is_closed(DEADLINE));
    assert!(pages.seen().is_empty());
}
