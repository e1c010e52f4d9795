//! Requests that must not reach an application.

use laureola_testkit::{RawHttp, wait_until};

use super::raw::*;
use crate::support::{DEADLINE, Running, Seen, echo};

type Header = (&'static str, &'static [u8]);

const GET: Header = (":method", b"GET");
const SCHEME: Header = (":scheme", b"http");
const HOST: Header = (":authority", b"localhost");
const PATH: Header = (":path", b"/");

#[test]
fn a_malformed_head_is_an_error_of_its_stream_alone() {
    let server = Running::start(echo(Seen::default()));
    let mut client = Raw::connect(server.port);
    let cases: &[&[Header]] = &[
        &[SCHEME, HOST, PATH],
        &[GET, HOST, PATH],
        &[GET, SCHEME, HOST],
        &[GET, SCHEME, HOST, (":path", b"")],
        &[GET, GET, SCHEME, HOST, PATH],
        &[GET, SCHEME, HOST, PATH, PATH],
        &[GET, SCHEME, HOST, ("x", b"y"), PATH],
        &[GET, SCHEME, HOST, PATH, (":status", b"200")],
        &[GET, SCHEME, HOST, PATH, ("connection", b"keep-alive")],
        &[GET, SCHEME, HOST, PATH, ("transfer-encoding", b"chunked")],
        &[GET, SCHEME, HOST, PATH, ("upgrade", b"websocket")],
        &[GET, SCHEME, HOST, PATH, ("te", b"gzip")],
        &[GET, SCHEME, HOST, PATH, ("content-length", b"5")],
        &[GET, SCHEME, HOST, PATH, ("content-length", b"+0")],
        &[GET, SCHEME, HOST, PATH, (":protocol", b"websocket")],
        &[GET, SCHEME, (":authority", b"a b"), PATH],
        &[GET, SCHEME, HOST, (":path", b"/a b")],
    ];
    for (number, case) in (0..).zip(cases) {
        let stream = 2 * number + 1;
        client.send(HEADERS, END_HEADERS | END_STREAM, stream, &block(case));
        let reset = client.receive_kind(RST_STREAM);
        assert_eq!(
            (reset.stream, reset.error()),
            (stream, PROTOCOL_ERROR),
            "{case:?}"
        );
    }
    client.send(HEADERS, END_HEADERS | END_STREAM, 1001, &get("/"));
    assert_eq!(client.receive_kind(HEADERS).status(), 200);
}

#[test]
fn what_the_library_lets_through_is_refused_with_a_status() {
    let server = Running::start(echo(Seen::default()));
    let mut client = Raw::connect(server.port);
    let many: Vec<Header> = [GET, SCHEME, HOST, PATH]
        .into_iter()
        .chain(std::iter::repeat_n(("x", &b"y"[..]), 101))
        .collect();
    let connect: Header = (":method", b"CONNECT");
    let cases: &[(&[Header], u16)] = &[
        (&[GET, SCHEME, HOST, PATH, ("x", b"a\x85b")], 400),
        (&[GET, SCHEME, HOST, PATH, ("x", b" a")], 400),
        (&[GET, SCHEME, HOST, PATH, ("host", b"example.org")], 400),
        (&[GET, SCHEME, HOST, (":path", b"*")], 400),
        (&[GET, SCHEME, HOST, (":path", b"/caf\xc3\xa9")], 400),
        (&[GET, (":scheme", b"ftp"), HOST, PATH], 400),
        (&[GET, SCHEME, (":authority", b"eve@localhost"), PATH], 400),
        (&[connect, (":authority", b"localhost:80")], 405),
        (&[connect, (":protocol", b"connect-udp"), SCHEME, HOST, PATH], 501),
        (&many, 431),
    ];
    for (number, (case, status)) in (0..).zip(cases) {
        let stream = 2 * number + 1;
        client.send(HEADERS, END_HEADERS | END_STREAM, stream, &block(case));
        let head = client.receive_kind(HEADERS);
        assert_eq!((head.stream, head.status()), (stream, *status), "{case:?}");
    }
    client.send(HEADERS, END_HEADERS | END_STREAM, 1001, &get("/"));
    assert_eq!(client.receive_kind(HEADERS).status(), 200);
}

#[test]
fn names_and_values_that_no_header_has_are_refused() {
    let server = Running::start(echo(Seen::default()));
    for (name, value) in [
        ("X", &b"y"[..]),
        ("x y", b"z"),
        ("", b"z"),
        ("x", b"a\x0bb"),
        ("x", b"a\x0cb"),
        ("x", b"a\x1cb"),
        ("x", b"a\x1db"),
        ("x", b"a\x1eb"),
        ("x", b"a\r\nb"),
        ("x", b"a\0b"),
    ] {
        let mut client = Raw::connect(server.port);
        let block = block(&[GET, SCHEME, HOST, PATH, (name, value)]);
        client.send(HEADERS, END_HEADERS | END_STREAM, 1, &block);
        // An error of the stream, or of the connection.
        let error = loop {
            let frame = client.receive();
            match frame.kind {
                RST_STREAM | GOAWAY => break frame.error(),
                HEADERS => panic!("{name:?}: {value:?} was answered"),
                _ => {}
            }
        };
        assert_ne!(error, NO_ERROR, "{name:?}: {value:?}");
    }
    server.assert_serves();
}

#[test]
fn a_body_of_another_length_than_said_is_an_error_of_its_stream() {
    let seen = Seen::default();
    let server = Running::start(echo(seen.clone()));
    let mut client = Raw::connect(server.port);
    for (number, body) in [(0, &b"ab"[..]), (1, b"abcd")] {
        let stream = 2 * number + 1;
        let block = block(&[(":method", b"POST"), SCHEME, HOST, PATH, ("content-length", b"3")]);
        client.send(HEADERS, END_HEADERS, stream, &block);
        client.send(DATA, END_STREAM, stream, body);
        let reset = client.receive_kind(RST_STREAM);
        assert_eq!((reset.stream, reset.error()), (stream, PROTOCOL_ERROR));
    }
    wait_until("disconnects", DEADLINE, || seen.codes().len() == 2);
    server.assert_serves();
}

#[test]
fn what_is_not_http2_after_all_is_closed() {
    let server = Running::start(echo(Seen::default()));
    for bytes in [
        &b"PRI * HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        b"PRI ",
    ] {
        let mut client = RawHttp::connect(server.port);
        client.write(bytes);
        client.finish();
        client.read_to_end(DEADLINE);
    }
    server.assert_serves();
}

#[test]
fn the_first_frame_must_be_settings() {
    let server = Running::start(echo(Seen::default()));
    let mut client = Raw(RawHttp::connect(server.port));
    client.0.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    client.send(HEADERS, END_HEADERS | END_STREAM, 1, &get("/"));
    assert_eq!(client.goaway(), Some(PROTOCOL_ERROR));
}
