//! Clients that take their time, or have gone.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use laureola_asgi::{Application, Command, Connection, app_fn};
use laureola_testkit::{RawHttp, wait_until};

use super::raw::*;
use crate::support::{DEADLINE, Running, Seen, echo, respond};

const SHORT: Duration = Duration::from_millis(100);

#[test]
fn a_client_without_preface_or_settings_is_cut() {
    let server = Running::with(echo(Seen::default()), |builder| builder.header_timeout(SHORT));
    for begun in ["PR", "PRI * HTTP/2.0\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut client = RawHttp::connect(server.port);
        client.write(begun);
        client.read_to_end(DEADLINE);
    }
    server.assert_serves();
}

#[test]
fn half_a_header_block_is_cut() {
    let server = Running::with(echo(Seen::default()), |builder| builder.header_timeout(SHORT));
    let mut client = Raw::connect(server.port);
    client.send(HEADERS, END_HEADERS | END_STREAM, 1, &get("/"));
    assert_eq!(client.receive_kind(HEADERS).status(), 200);
    client.send(HEADERS, END_STREAM, 3, &get("/"));
    assert_eq!(client.goaway(), Some(CALM));

    let mut client = Raw::connect(server.port);
    client
        .0
        .write(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &get("/"))[..12]);
    assert_eq!(client.goaway(), Some(CALM));
    server.assert_serves();
}

#[test]
fn an_idle_connection_is_told_and_closed() {
    let server = Running::with(echo(Seen::default()), |builder| builder.keep_alive_timeout(SHORT));
    let mut client = Raw::connect(server.port);
    client.send(HEADERS, END_HEADERS | END_STREAM, 1, &get("/"));
    assert_eq!(client.receive_kind(HEADERS).status(), 200);
    assert_eq!(client.goaway(), Some(NO_ERROR));
    // One that never asked for anything.
    assert_eq!(Raw::connect(server.port).goaway(), Some(NO_ERROR));
    server.assert_serves();
}

/// Answers once its client has left, which it tells.
fn waiting(seen: Seen) -> impl Application {
    app_fn(move |mut connection: Connection| {
        let seen = seen.clone();
        async move {
            loop {
                let event = connection.receive.next().await;
                seen.saw(&event);
                if event.is_disconnect() {
                    seen.end();
                    return Ok(());
                }
            }
        }
    })
}

#[test]
fn a_client_that_answers_no_ping_is_dead() {
    let seen = Seen::default();
    let server = Running::with(waiting(seen.clone()), |builder| {
        builder.ping_interval(Some(SHORT)).ping_timeout(Some(SHORT))
    });
    let mut client = Raw::connect(server.port);
    client.send(HEADERS, END_HEADERS | END_STREAM, 1, &get("/"));
    for _ in 0..3 {
        let ping = client.receive_kind(PING);
        assert_eq!((ping.flags, seen.ended()), (0, 0));
        client.send(PING, ACK, 0, &ping.payload);
    }
    client.receive_kind(PING);
    client.0.read_to_end(DEADLINE);
    seen.assert_one_disconnect(0);
}

#[test]
fn a_reset_is_a_disconnect_at_once() {
    let seen = Seen::default();
    let server = Running::start(waiting(seen.clone()));
    let mut client = Raw::connect(server.port);
    client.send(HEADERS, END_HEADERS | END_STREAM, 1, &get("/"));
    client.send(HEADERS, END_HEADERS | END_STREAM, 3, &get("/"));
    client.send(RST_STREAM, 0, 1, &CANCEL.to_be_bytes());
    seen.assert_one_disconnect(0);
    // And so is the end of the connection, for all its streams.
    drop(client);
    wait_until("the second", DEADLINE, || seen.ended() == 2);
}

#[test]
fn an_upload_that_stalls_is_a_disconnect_and_408() {
    let seen = Seen::default();
    let server = Running::with(echo(seen.clone()), |builder| builder.body_timeout(SHORT));
    let mut client = Raw::connect(server.port);
    client.send(HEADERS, END_HEADERS, 1, &get("/"));
    client.send(DATA, 0, 1, b"abc");
    assert_eq!(client.receive_kind(HEADERS).status(), 408);
    wait_until("the disconnect", DEADLINE, || seen.codes() == [0]);
    // The connection goes on.
    client.send(HEADERS, END_HEADERS | END_STREAM, 3, &get("/"));
    assert_eq!(client.receive_kind(HEADERS).status(), 200);
}

/// Sends `/<bytes>` bytes.
fn large(seen: Seen) -> impl Application {
    app_fn(move |connection: Connection| {
        let seen = seen.clone();
        async move {
            let size: usize = connection.scope.path()[1..].parse().unwrap_or(0);
            let (status, headers) = (StatusCode::OK, http::HeaderMap::new());
            let send = &connection.send;
            send.send(Command::start(status, headers)).await?;
            for left in (0..size.div_ceil(1000)).rev() {
                let body = Bytes::from_static(&[b'x'; 1000]);
                let more_body = left > 0;
                if send
                    .send(Command::HttpResponseBody { body, more_body })
                    .await
                    .is_err()
                {
                    seen.end();
                    return Ok(());
                }
            }
            Ok(())
        }
    })
}

#[test]
fn a_client_that_grants_no_window_is_reset() {
    let seen = Seen::default();
    let server = Running::with(large(seen.clone()), |builder| builder.slow_client_timeout(SHORT));
    let mut client = Raw::connect(server.port);
    client.send(HEADERS, END_HEADERS | END_STREAM, 1, &get("/1000000"));
    let reset = client.receive_kind(RST_STREAM);
    assert_eq!((reset.stream, reset.error()), (1, CANCEL));
    wait_until("the end of the application", DEADLINE, || seen.ended() == 1);

    // Not even for one byte.
    let mut client = Raw::with(server.port, &[(4, 0)]);
    client.send(HEADERS, END_HEADERS | END_STREAM, 1, &get("/1000"));
    assert_eq!(client.receive_kind(HEADERS).status(), 200);
    let reset = client.receive_kind(RST_STREAM);
    assert_eq!((reset.stream, reset.error()), (1, CANCEL));
}

#[test]
fn a_client_that_reads_nothing_is_cut() {
    let seen = Seen::default();
    let server = Running::with(large(seen.clone()), |builder| builder.slow_client_timeout(SHORT));
    // Windows as wide as they can be, and a socket that is never read.
    let mut client = Raw::with(server.port, &[(4, 0x7fff_ffff)]);
    client.send(WINDOW_UPDATE, 0, 0, &0x7fff_0000u32.to_be_bytes());
    client.send(HEADERS, END_HEADERS | END_STREAM, 1, &get("/100000000"));
    wait_until("the end of the application", DEADLINE, || seen.ended() == 1);
    client.0.read_to_end(DEADLINE);
}

#[test]
fn http_timeout_is_503_or_the_end_of_the_stream() {
    let application = app_fn(|connection: Connection| async move {
        if connection.scope.path() != "/start" {
            std::future::pending::<()>().await;
        }
        let (status, headers) = (StatusCode::OK, http::HeaderMap::new());
        let send = &connection.send;
        send.send(Command::start(status, headers)).await?;
        let body = Bytes::from_static(b"x");
        let more_body = true;
        send.send(Command::HttpResponseBody { body, more_body }).await?;
        std::future::pending().await
    });
    let server = Running::with(application, |builder| {
        builder.http_timeout(Some(SHORT)).application_close_timeout(SHORT)
    });
    let mut client = Raw::connect(server.port);
    client.send(HEADERS, END_HEADERS | END_STREAM, 1, &get("/"));
    assert_eq!(client.receive_kind(HEADERS).status(), 503);
    client.send(HEADERS, END_HEADERS | END_STREAM, 3, &get("/start"));
    assert_eq!(client.receive_kind(HEADERS).status(), 200);
    assert_eq!(client.receive_kind(RST_STREAM).stream, 3);
}

#[test]
fn an_upload_that_is_not_read_is_held_at_the_window() {
    let application = app_fn(|connection: Connection| async move {
        std::future::pending::<()>().await;
        respond(&connection.send, StatusCode::OK, "").await
    });
    let server = Running::with(application, |builder| {
        builder
            .ping_interval(Some(SHORT))
            .application_close_timeout(SHORT)
    });
    let mut client = Raw::connect(server.port);
    let settings = client.receive_kind(SETTINGS);
    client.send(SETTINGS, ACK, 0, &[]);
    // Before this comes, the connection's window is what RFC 9113 §6.9.2 says.
    assert_eq!(client.receive_kind(WINDOW_UPDATE).stream, 0);
    let window = settings
        .payload
        .chunks(6)
        .find(|entry| entry[..2] == [0, 4])
        .expect("a window");
    assert_eq!(window[2..], (256 * 1024u32).to_be_bytes());
    client.send(HEADERS, END_HEADERS, 1, &get("/"));
    for _ in 0..16 {
        client.send(DATA, 0, 1, &[b'x'; 16 * 1024]);
    }
    // Only of the connection's window is any given back; two pings later there is none of the stream.
    let mut pings = 0;
    while pings < 2 {
        let frame = client.receive();
        match frame.kind {
            PING => {
                client.send(PING, ACK, 0, &frame.payload);
                pings += 1;
            }
            WINDOW_UPDATE => assert_eq!(frame.stream, 0, "{frame:?}"),
            _ => {}
        }
    }
}
