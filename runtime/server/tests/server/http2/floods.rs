//! Clients that attack: each is cut off, and others are served on.

use std::time::Duration;

use laureola_asgi::app_fn;
use laureola_server::Limits;

use super::raw::*;
use crate::support::{Running, Seen, echo};

fn server(limits: Limits) -> Running {
    Running::with(echo(Seen::default()), |builder| builder.limits(limits))
}

fn resets(count: u32) -> Vec<u8> {
    let block = get("/");
    let mut bytes = Vec::new();
    for number in 0..count {
        let stream = 2 * number + 1;
        bytes.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, &block));
        bytes.extend(frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes()));
    }
    bytes
}

#[test]
fn a_rapid_reset_attack_is_ended() {
    let server = server(Limits::default());
    let mut client = Raw::connect(server.port);
    client.0.try_write(resets(2000));
    assert_eq!(client.goaway(), Some(CALM));
    server.assert_serves();
}

#[test]
fn resets_of_streams_that_were_accepted_are_counted_too() {
    let server = server(Limits {
        http2_max_pending_resets: usize::MAX,
        http2_max_resets: 50,
        ..Limits::default()
    });
    let mut client = Raw::connect(server.port);
    client.0.try_write(resets(2000));
    assert_eq!(client.goaway(), Some(CALM));
    server.assert_serves();
}

#[test]
fn a_client_that_cancels_the_lesser_half_is_served() {
    let server = server(Limits {
        http2_max_resets: 5,
        ..Limits::default()
    });
    let mut client = Raw::connect(server.port);
    let block = get("/");
    for number in 0..60 {
        let stream = 2 * number + 1;
        client.send(HEADERS, END_HEADERS | END_STREAM, stream, &block);
        if number % 3 == 2 {
            client.send(RST_STREAM, 0, stream, &CANCEL.to_be_bytes());
        } else {
            let head = client.receive_kind(HEADERS);
            assert_eq!(head.status(), 200);
        }
    }
}

#[test]
fn errors_that_make_the_server_reset_are_counted() {
    let server = server(Limits {
        http2_max_stream_errors: 10,
        ..Limits::default()
    });
    let mut client = Raw::connect(server.port);
    for number in 0..20 {
        let stream = 2 * number + 1;
        client.0.try_write(frame(HEADERS, END_HEADERS, stream, &get("/")));
        // A window above 2^31 - 1 is an error of the stream (RFC 9113 §6.9.1).
        let increment = 0x7fff_ffff_u32.to_be_bytes();
        client.0.try_write(frame(WINDOW_UPDATE, 0, stream, &increment));
    }
    assert_eq!(client.goaway(), Some(CALM));
    server.assert_serves();
}

#[test]
fn ping_and_settings_floods_are_ended() {
    let server = server(Limits::default());
    for flood in [frame(PING, 0, 0, &[0; 8]), frame(SETTINGS, 0, 0, &[])] {
        let mut client = Raw::connect(server.port);
        client.0.try_write(flood.repeat(1100));
        assert_eq!(client.goaway(), Some(CALM));
    }
    server.assert_serves();
}

#[test]
fn frames_that_cost_nothing_are_let_through() {
    let server = server(Limits::default());
    let mut client = Raw::connect(server.port);
    // An unknown kind, and the priority of an idle stream.
    client.0.write(frame(0xfa, 0, 0, b"grease").repeat(3000));
    client
        .0
        .write(frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1]).repeat(3000));
    client.send(HEADERS, END_HEADERS | END_STREAM, 3, &get("/"));
    assert_eq!(client.receive_kind(HEADERS).status(), 200);
}

#[test]
fn a_continuation_flood_is_ended() {
    let server = server(Limits::default());
    let mut client = Raw::connect(server.port);
    client.send(HEADERS, 0, 1, &get("/"));
    let more = frame(CONTINUATION, 0, 1, &block(&[("x", b"y")]));
    client.0.try_write(more.repeat(1000));
    assert_eq!(client.goaway(), Some(CALM));
    server.assert_serves();
}

#[test]
fn a_flood_of_empty_data_is_ended() {
    let application = app_fn(|_| std::future::pending());
    let server = Running::with(application, |builder| {
        builder.application_close_timeout(Duration::ZERO)
    });
    let mut client = Raw::connect(server.port);
    client.send(HEADERS, END_HEADERS, 1, &get("/"));
    client.0.try_write(frame(DATA, 0, 1, b"").repeat(1000));
    assert_eq!(client.goaway(), Some(CALM));
}

#[test]
fn a_header_list_that_is_too_large_is_431_and_one_far_too_large_the_end() {
    let server = server(Limits {
        max_header_bytes: 4096,
        ..Limits::default()
    });
    let mut client = Raw::connect(server.port);
    let mut large = get("/");
    large.extend(block(&[("x", &[b'y'; 5000])]));
    client.send(HEADERS, END_HEADERS | END_STREAM, 1, &large);
    let refused = client.receive_kind(HEADERS);
    assert_eq!((refused.stream, refused.status()), (1, 431));
    // The connection goes on.
    client.send(HEADERS, END_HEADERS | END_STREAM, 3, &get("/"));
    let head = client.receive_kind(HEADERS);
    assert_eq!((head.stream, head.status()), (3, 200));

    // One header in the table, named again and again: a few bytes that become many.
    let mut bomb = get("/");
    bomb.push(0x40);
    bomb.extend(&block(&[("x", &[b'y'; 3000])])[1..]);
    bomb.extend([0x80 | 62; 10_000]);
    client.send(HEADERS, END_HEADERS | END_STREAM, 5, &bomb);
    assert_eq!(client.goaway(), Some(CALM));
    server.assert_serves();
}

#[test]
fn streams_above_the_limit_are_refused() {
    const REFUSED: u32 = 7;
    let application = app_fn(|_| std::future::pending());
    let server = Running::with(application, |builder| {
        let limits = Limits {
            http2_max_streams: 3,
            ..Limits::default()
        };
        builder.limits(limits).application_close_timeout(Duration::ZERO)
    });
    let mut client = Raw::connect(server.port);
    let block = block(&[
        (":method", b"POST"),
        (":scheme", b"http"),
        (":authority", b"localhost"),
        (":path", b"/"),
        ("content-length", b"3"),
    ]);
    for number in 0..4 {
        client.send(HEADERS, END_HEADERS, 2 * number + 1, &block);
    }
    let refused = client.receive_kind(RST_STREAM);
    assert_eq!((refused.stream, refused.error()), (7, REFUSED));
}
