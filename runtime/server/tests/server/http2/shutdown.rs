//! The end of a server, for its clients of HTTP/2.

use std::sync::Arc;

use http::StatusCode;
use laureola_asgi::{Connection, app_fn};
use laureola_testkit::wait_until;
use tokio::sync::Notify;

use super::raw::*;
use crate::support::{DEADLINE, Running, Seen, echo, respond};

#[test]
fn streams_under_way_are_finished_behind_a_goaway() {
    let (go, seen) = (Arc::new(Notify::new()), Seen::default());
    let application = {
        let (go, seen) = (Arc::clone(&go), seen.clone());
        app_fn(move |connection: Connection| {
            let (go, seen) = (Arc::clone(&go), seen.clone());
            async move {
                seen.end();
                go.notified().await;
                respond(&connection.send, StatusCode::OK, "done").await
            }
        })
    };
    let mut server = Running::start(application);
    let mut client = Raw::connect(server.port);
    client.send(HEADERS, END_HEADERS | END_STREAM, 1, &get("/"));
    wait_until("the request", DEADLINE, || seen.ended() == 1);
    server.begin_stop();
    let goaway = client.receive_kind(GOAWAY);
    assert_eq!(goaway.error(), NO_ERROR);
    let ping = client.receive_kind(PING);
    client.send(PING, ACK, 0, &ping.payload);
    // The last stream that is served is named once the client has heard of it.
    let goaway = client.receive_kind(GOAWAY);
    assert_eq!(goaway.payload[..4], [0, 0, 0, 1]);
    go.notify_one();
    assert_eq!(client.receive_kind(HEADERS).status(), 200);
    assert_eq!(client.receive_kind(DATA).payload, b"done");
    client.0.read_to_end(DEADLINE);
    server.stop();
}

#[test]
fn clients_that_ignore_the_goaway_do_not_hold_it_up() {
    let mut server = Running::start(echo(Seen::default()));
    let mut idle = Raw::connect(server.port);
    idle.send(HEADERS, END_HEADERS | END_STREAM, 1, &get("/"));
    assert_eq!(idle.receive_kind(HEADERS).status(), 200);
    let mut fresh = Raw::connect(server.port);
    fresh.receive_kind(SETTINGS);
    server.begin_stop();
    assert_eq!(idle.goaway(), Some(NO_ERROR));
    assert_eq!(fresh.goaway(), Some(NO_ERROR));
    server.stop();
}
