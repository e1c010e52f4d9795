//! Pipelined requests are answered in their order, and a body is never the next request.

use std::time::Duration;

use laureola_testkit::RawHttp;

use crate::pages::Pages;
use crate::support::{DEADLINE, Running};

/// Long enough for an answer that must not come, on a machine that has better things to do.
const QUIET: Duration = Duration::from_millis(50);

#[test]
fn a_fast_request_waits_for_the_slow_one_in_front_of_it() {
    let pages = Pages::new();
    let server = Running::start(pages.application());
    let mut client = RawHttp::connect(server.port);
    client.write("GET /gate/slow HTTP/1.1\r\nHost: x\r\n\r\nGET /fast HTTP/1.1\r\nHost: x\r\n\r\n");
    // Neither an answer nor the end.
    assert!(!client.is_closed(QUIET));
    pages.open_gate();
    assert_eq!(client.read_response(DEADLINE).unwrap().text(), "/gate/slow ");
    assert_eq!(client.read_response(DEADLINE).unwrap().text(), "/fast ");
}

#[test]
fn a_slow_connection_does_not_hold_up_another() {
    let pages = Pages::new();
    let server = Running::start(pages.application());
    let mut slow = RawHttp::connect(server.port);
    slow.write("GET /gate/slow HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(RawHttp::get(server.port, "/fast", DEADLINE).text(), "/fast ");
    pages.open_gate();
    assert_eq!(slow.read_response(DEADLINE).unwrap().text(), "/gate/slow ");
}

#[test]
fn five_hundred_requests_at_once_are_answered_one_by_one() {
    let pages = Pages::new();
    let server = Running::start(pages.application());
    let mut client = RawHttp::connect(server.port);
    let requests: String = (0..500)
        .map(|number| match number % 3 {
            0 => format!("GET /n{number} HTTP/1.1\r\nHost: x\r\n\r\n"),
            1 => format!("POST /n{number} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"),
            _ => format!(
                "POST /n{number} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n2\r\nbc\r\n0\r\nT: u\r\n\r\n"
            ),
        })
        .collect();
    client.write(requests);
    for number in 0..500 {
        let text = client.read_response(DEADLINE).expect("an answer to each").text();
        let body = if number % 3 == 0 { "" } else { "abc" };
        assert_eq!(text, format!("/n{number} {body}"));
    }
    assert_eq!(pages.seen().len(), 500);
}

#[test]
fn what_follows_a_request_that_closes_is_not_answered() {
    let pages = Pages::new();
    let server = Running::start(pages.application());
    let mut client = RawHttp::connect(server.port);
    client.write(
        "GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
    );
    assert_eq!(client.read_response(DEADLINE).unwrap().text(), "/last ");
    assert!(client.is_closed(DEADLINE));
    assert_eq!(pages.seen(), ["GET /last"]);
}

/// A body that an application has no use for, and that looks like a request.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

#[test]
fn a_body_that_is_not_read_is_not_the_next_request() {
    let pages = Pages::new();
    let server = Running::start(pages.application());
    let length = SMUGGLED.len();
    let chunked = format!("Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{SMUGGLED}\r\n0\r\n\r\n");
    let whole = format!("Content-Length: {length}\r\n\r\n{SMUGGLED}");
    // The body may come with the head or after the answer.
    for (behind_the_head, body) in [
        (true, &whole),
        (false, &whole),
        (true, &chunked),
        (false, &chunked),
    ] {
        let mut client = RawHttp::connect(server.port);
        let (framing, rest) = body.split_once("\r\n\r\n").unwrap();
        client.write(format!("POST /unread HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n"));
        if behind_the_head {
            client.try_write(rest);
        }
        assert_eq!(client.read_response(DEADLINE).unwrap().text(), "not read");
        if !behind_the_head {
            client.try_write(rest);
        }
        client.try_write("GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
        // Either the body is skipped, or the connection ends.
        if let Some(next) = client.read_response(DEADLINE) {
            assert_eq!(next.text(), "/next ");
        }
    }
    assert!(
        pages.seen().iter().all(|seen| seen != "GET /smuggled"),
        "{:?}",
        pages.seen()
    );
}
