//! Requests and responses.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use laureola_asgi::{AppError, Application, Command, Connection, Event, Scope, app_fn};
use laureola_testkit::{RawHttp, wait_until};

use crate::support::{DEADLINE, Running, Seen, echo, respond};

#[test]
fn requests_are_answered_one_after_the_other_on_one_connection() {
    let server = Running::start(echo(Seen::default()));
    let mut client = RawHttp::connect(server.port);
    client.write(
        "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: x\r\n\r\n",
    );
    let first = client.read_response(DEADLINE).unwrap();
    assert_eq!(first.status, 200);
    assert!(first.text().starts_with("POST /a\n") && first.text().ends_with("hello"));
    assert_eq!(first.header("server"), Some("laureola"));
    assert!(first.header("date").is_some());
    // No length is made up for a streamed body.
    assert_eq!(first.header("content-length"), None);
    assert_eq!(first.header("transfer-encoding"), Some("chunked"));
    let second = client.read_response(DEADLINE).unwrap();
    assert!(second.text().starts_with("GET /b\n"), "{}", second.text());
    server.assert_serves();
}

#[test]
fn http_1_1_without_host_and_http_1_0_are_served() {
    let server = Running::start(echo(Seen::default()));
    assert_eq!(server.status("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"), 200);
    let mut client = RawHttp::connect(server.port);
    client.write("GET /old HTTP/1.0\r\n\r\n");
    let response = client.read_response(DEADLINE).unwrap();
    assert!(response.text().starts_with("GET /old"));
    assert!(client.is_closed(DEADLINE));
}

#[test]
fn head_has_no_body() {
    let server = Running::start(echo(Seen::default()));
    let mut client = RawHttp::connect(server.port);
    client.write("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.read_head(DEADLINE).unwrap().status, 200);
    assert!(
        client
            .read_response(DEADLINE)
            .unwrap()
            .text()
            .starts_with("GET /b")
    );
}

#[test]
fn the_server_name_can_be_changed_and_left_out() {
    let named = Running::with(echo(Seen::default()), |builder| builder.server_name(Some("mine")));
    assert_eq!(
        RawHttp::get(named.port, "/", DEADLINE).header("server"),
        Some("mine")
    );
    let nameless = Running::with(echo(Seen::default()), |builder| builder.server_name(None));
    assert_eq!(RawHttp::get(nameless.port, "/", DEADLINE).header("server"), None);
}

#[test]
fn expect_100_continue_is_answered_when_the_application_reads() {
    let server = Running::start(echo(Seen::default()));
    let mut client = RawHttp::connect(server.port);
    client.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(client.read_head(DEADLINE).unwrap().status, 100);
    client.write("ok");
    assert!(client.read_response(DEADLINE).unwrap().text().ends_with("ok"));
}

/// `/fail`, `/panic`, `/half` fail in their ways, `/hang` waits for its client to leave.
fn failing(seen: Seen) -> impl Application {
    app_fn(move |mut connection: Connection| {
        let seen = seen.clone();
        async move {
            if matches!(connection.scope, Scope::WebSocket(_)) {
                connection.send.send(Command::accept()).await?;
                connection.receive.next().await;
                while let Event::WebSocketReceive(payload) = connection.receive.next().await {
                    connection.send.send(Command::WebSocketSend(payload)).await?;
                }
                return Ok(());
            }
            match &*connection.scope.path() {
                "/fail" => return Err(AppError::msg("no reason")),
                "/panic" => panic!("on purpose"),
                "/half" => {
                    let headers = HeaderMap::new();
                    let status = StatusCode::OK;
                    connection.send.send(Command::start(status, headers)).await?;
                    let body = Bytes::from_static(b"half");
                    connection
                        .send
                        .send(Command::HttpResponseBody {
                            body,
                            more_body: true,
                        })
                        .await?;
                    return Err(AppError::msg("after the start"));
                }
                "/hang" => loop {
                    let event = connection.receive.next().await;
                    seen.saw(&event);
                    if event.is_disconnect() {
                        seen.end();
                        return Ok(());
                    }
                },
                "/deaf" => {
                    let _end = EndOnDrop(seen);
                    std::future::pending::<()>().await;
                }
                _ => {}
            }
            respond(&connection.send, StatusCode::OK, "fine").await
        }
    })
}

struct EndOnDrop(Seen);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[test]
fn an_application_that_fails_or_panics_is_a_500_page() {
    let server = Running::start(failing(Seen::default()));
    for path in ["/fail", "/panic"] {
        let response = RawHttp::get(server.port, path, DEADLINE);
        assert_eq!(response.status, 500, "{path}");
        assert!(response.text().contains("500 Internal Server Error"));
    }
    server.assert_serves();
}

#[test]
fn a_response_that_breaks_off_does_not_look_complete() {
    let server = Running::start(failing(Seen::default()));
    let mut client = RawHttp::connect(server.port);
    client.write("GET /half HTTP/1.1\r\nHost: x\r\n\r\n");
    let bytes = client.read_to_end(DEADLINE);
    assert!(!bytes.ends_with(b"0\r\n\r\n"), "{}", bytes.escape_ascii());
    server.assert_serves();
}

#[test]
fn a_client_that_leaves_is_told_to_the_application() {
    let seen = Seen::default();
    let server = Running::start(failing(seen.clone()));
    let mut client = RawHttp::connect(server.port);
    client.write("GET /hang HTTP/1.1\r\nHost: x\r\n\r\n");
    drop(client);
    seen.assert_one_disconnect(0);
    server.assert_serves();
}

#[test]
fn an_application_that_outlives_its_client_is_stopped() {
    let seen = Seen::default();
    let limit = Duration::from_millis(50);
    let server = Running::with(failing(seen.clone()), |builder| {
        builder.application_close_timeout(limit)
    });
    let mut client = RawHttp::connect(server.port);
    client.write("GET /deaf HTTP/1.1\r\nHost: x\r\n\r\n");
    drop(client);
    wait_until("the application's end", DEADLINE, || seen.ended() == 1);
    server.assert_serves();
}

#[test]
fn the_http_timeout_is_503_and_a_disconnect() {
    let seen = Seen::default();
    let limit = Some(Duration::from_millis(100));
    let server = Running::with(failing(seen.clone()), |builder| builder.http_timeout(limit));
    assert_eq!(RawHttp::get(server.port, "/hang", DEADLINE).status, 503);
    seen.assert_one_disconnect(0);
    server.assert_serves();
}
