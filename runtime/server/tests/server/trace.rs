//! Request ids: where they come from and where they go.

use laureola_asgi::{AppError, Command, Connection, Event, Payload, RequestId, app_fn};
use laureola_server::observe::trace::RequestIds;
use laureola_testkit::{HttpResponse, RawHttp, Received, WebSocket};

use crate::support::{DEADLINE, Running, respond};

fn server(ids: Option<RequestIds>) -> Running {
    let mirror = app_fn(|mut connection: Connection| async move {
        let id = connection.scope.extensions().get::<RequestId>();
        let id = id.map_or_else(|| "none".to_owned(), ToString::to_string);
        if connection.scope.protocol() == "http" {
            return respond(&connection.send, http::StatusCode::OK, id).await;
        }
        connection.send.send(Command::accept()).await?;
        connection
            .send
            .send(Command::WebSocketSend(Payload::Text(id.into())))
            .await?;
        while !matches!(connection.receive.next().await, Event::WebSocketDisconnect { .. }) {}
        Ok::<_, AppError>(())
    });
    Running::with(mirror, |builder| builder.request_ids(ids))
}

/// The id the application saw, and the one in the response.
fn ids(server: &Running, headers: &str) -> (String, Option<String>) {
    let request = format!("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    let response: HttpResponse = RawHttp::exchange(server.port, request, DEADLINE).expect("a response");
    let echoed = response.header("x-request-id").map(str::to_owned);
    (String::from_utf8(response.body).expect("text"), echoed)
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";

#[test]
fn nobody_pays_for_ids_that_nobody_wants() {
    assert_eq!(ids(&server(None), PARENT), ("none".to_owned(), None));
}

#[test]
fn an_id_is_the_traces_or_made() {
    let server = server(Some(RequestIds::default()));
    assert_eq!(ids(&server, PARENT), (TRACE.to_owned(), None));
    let (first, _) = ids(&server, "x-request-id: mine\r\n");
    let (second, _) = ids(&server, "traceparent: 00-0-0-0\r\n");
    for id in [&first, &second] {
        assert!(
            id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{id}"
        );
    }
    assert_ne!(first, second);
    let mut socket = WebSocket::connect(server.port, "/", &[("traceparent", &PARENT.trim()[13..])]);
    assert_eq!(socket.recv(DEADLINE), Received::Text(TRACE.to_owned()));
}

#[test]
fn a_trusted_peers_header_counts_and_is_echoed_where_asked_for() {
    let both = RequestIds {
        accept_header: true,
        echo: true,
    };
    let trusting = server(Some(both));
    let header = "x-request-id: edge-7/a\r\n";
    assert_eq!(
        ids(&trusting, &format!("{header}{PARENT}")),
        ("edge-7/a".to_owned(), Some("edge-7/a".to_owned()))
    );
    for bad in ["a b", "\u{e9}", "", &"x".repeat(129)] {
        let (id, echoed) = ids(&trusting, &format!("x-request-id: {bad}\r\n"));
        assert_eq!(id.len(), 32, "{bad:?}");
        assert_eq!(echoed, Some(id));
    }
}
