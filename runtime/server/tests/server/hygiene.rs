//! Requests that must not pass (RFC 9112; request smuggling), and that the server serves on.

use laureola_testkit::{RawHttp, wait_until};

use crate::support::{DEADLINE, Running, Seen, echo};

/// A request line and a Host, to be continued.
const GET: &str = "GET / HTTP/1.1\r\nHost: x\r\n";
const POST: &str = "POST / HTTP/1.1\r\nHost: x\r\n";

#[track_caller]
fn assert_refused(server: &Running, request: impl AsRef<[u8]>) {
    let request = request.as_ref();
    let mut client = RawHttp::connect(server.port);
    client.try_write(request);
    let response = client.read_response(DEADLINE);
    let shown = request.escape_ascii().to_string();
    assert_eq!(response.map(|response| response.status), Some(400), "{shown}");
    assert!(client.is_closed(DEADLINE), "still open after {shown}");
}

#[test]
fn framing_that_can_be_read_in_two_ways_is_400() {
    let server = Running::start(echo(Seen::default()));
    for headers in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "Content-Length: 5, 6\r\n\r\nhello!",
        "Content-Length: +5\r\n\r\nhello",
        "Content-Length: -5\r\n\r\nhello",
        "Content-Length: 5x\r\n\r\nhello",
        "Transfer-Encoding: gzip\r\n\r\n",
        "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    ] {
        assert_refused(&server, format!("{POST}{headers}"));
    }
    server.assert_serves();
}

#[test]
fn lines_that_can_be_read_in_two_ways_are_400() {
    let server = Running::start(echo(Seen::default()));
    for request in [
        "GET / HTTP/1.1\nHost: x\n\n",
        "GET / HTTP/1.1\r\nHost: x\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\tfolded\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    ] {
        assert_refused(&server, request);
    }
    server.assert_serves();
}

#[test]
fn bytes_that_some_readers_take_for_a_line_end_are_400() {
    let server = Running::start(echo(Seen::default()));
    for byte in [0x00, 0x0b, 0x0c, 0x1c, 0x1d, 0x1e, 0x7f, 0x85_u8] {
        assert_refused(&server, [GET.as_bytes(), b"A: b", &[byte], b"c\r\n\r\n"].concat());
    }
    for name in ["A\u{b}: b", "A(: b", ": b", "\u{e9}: b"] {
        assert_refused(&server, format!("{GET}{name}\r\n\r\n"));
    }
    for target in ["/caf\u{e9}", "/?q=\u{e9}", "/\u{1}"] {
        assert_refused(&server, format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n"));
    }
    server.assert_serves();
}

#[test]
fn names_with_an_underscore_do_not_reach_the_application() {
    let server = Running::start(echo(Seen::default()));
    let request = format!("{GET}X_Remote_User: eve\r\nX-Remote-User: bob\r\nConnection: close\r\n\r\n");
    let text = RawHttp::exchange(server.port, request, DEADLINE).unwrap().text();
    assert!(
        text.contains("x-remote-user: bob\n") && !text.contains("eve"),
        "{text}"
    );
}

#[test]
fn values_are_stripped_and_names_lower_cased_in_order() {
    let server = Running::start(echo(Seen::default()));
    let request = format!("{GET}B:  \t one \t\r\nA: two\r\nB: three\r\nConnection: close\r\n\r\n");
    let text = RawHttp::exchange(server.port, request, DEADLINE).unwrap().text();
    assert!(text.contains("b: one\nb: three\na: two\n"), "{text}");
}

#[test]
fn a_bad_request_behind_good_ones_is_400_after_their_responses() {
    let server = Running::start(echo(Seen::default()));
    let good = "POST /good HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
    let chunked = "POST /chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: u\r\n\r\n";
    let bad = "GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n";
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut client = RawHttp::connect(server.port);
    client.write([good, chunked, bad, smuggled].concat());
    assert!(
        client
            .read_response(DEADLINE)
            .unwrap()
            .text()
            .starts_with("POST /good")
    );
    let second = client.read_response(DEADLINE).unwrap().text();
    assert!(
        second.starts_with("POST /chunked") && second.ends_with("abc"),
        "{second}"
    );
    assert_eq!(client.read_response(DEADLINE).unwrap().status, 400);
    assert!(client.is_closed(DEADLINE));
    server.assert_serves();
}

#[test]
fn a_malformed_chunk_is_400_and_a_disconnect_to_the_application() {
    let seen = Seen::default();
    let server = Running::start(echo(seen.clone()));
    for chunk in [
        "+3\r\nabc\r\n0\r\n\r\n",
        "3 \r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
    ] {
        assert_refused(
            &server,
            format!("{POST}Transfer-Encoding: chunked\r\n\r\n{chunk}"),
        );
    }
    // The answer may be quicker than the application.
    wait_until("four disconnects", DEADLINE, || seen.disconnects().len() == 4);
    server.assert_serves();
}

#[test]
fn a_malformed_body_does_not_spoil_the_response_to_an_earlier_request() {
    let server = Running::start(echo(Seen::default()));
    let good = format!("{POST}Content-Length: 5\r\n\r\nhello");
    let bad = format!("{POST}Transfer-Encoding: chunked\r\n\r\nx\r\n");
    let mut client = RawHttp::connect(server.port);
    client.write([good, bad].concat());
    let first = client.read_response(DEADLINE).unwrap();
    assert_eq!(first.status, 200);
    assert!(first.text().ends_with("hello"));
    assert_eq!(client.read_response(DEADLINE).unwrap().status, 400);
    assert!(client.is_closed(DEADLINE));
    server.assert_serves();
}

#[test]
fn too_many_and_too_large_headers_are_431() {
    let server = Running::start(echo(Seen::default()));
    let many: String = (0..1000).map(|number| format!("X-{number}: y\r\n")).collect();
    assert_eq!(server.status(format!("{GET}{many}\r\n")), 431);
    let within: String = (0..98).map(|number| format!("X-{number}: y\r\n")).collect();
    assert_eq!(
        server.status(format!("{GET}{within}Connection: close\r\n\r\n")),
        200
    );
    let beyond: String = (0..100).map(|number| format!("X-{number}: y\r\n")).collect();
    assert_eq!(server.status(format!("{GET}{beyond}\r\n")), 431);

    let large = "y".repeat(60 * 1024);
    assert_eq!(
        server.status(format!("{GET}X: {large}\r\nConnection: close\r\n\r\n")),
        200
    );
    let larger = "y".repeat(70 * 1024);
    assert_eq!(server.status(format!("{GET}X: {larger}\r\n\r\n")), 431);
    let endless = "y".repeat(1024 * 1024);
    assert_eq!(server.status(format!("{GET}X: {endless}")), 431);
    server.assert_serves();
}

#[test]
fn a_target_names_the_host_or_a_path() {
    let server = Running::start(echo(Seen::default()));
    let absolute = "GET http://example.org:81/a?b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let text = RawHttp::exchange(server.port, absolute, DEADLINE).unwrap().text();
    assert!(text.starts_with("GET /a\nhost: example.org:81\n"), "{text}");
    for target in [
        "example.org",
        "example.org:80",
        "http://eve@example.org/",
        "/a#b",
        "?a",
    ] {
        assert_refused(&server, format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n"));
    }
    server.assert_serves();
}

#[test]
fn other_protocols_on_the_port_are_refused_at_once() {
    let server = Running::start(echo(Seen::default()));
    assert_refused(&server, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    assert_refused(&server, "GET /\r\n\r\n");
    assert_refused(&server, "GET / HTTP/1.2\r\n\r\n");
    assert_eq!(server.status("CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n"), 405);
    server.assert_serves();
}
