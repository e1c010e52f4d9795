//! The opening handshake (RFC 6455 §4.2).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use laureola_asgi::exchange::Body;
use laureola_asgi::{AppError, Application, Command, Connection, Event, Payload, Scope};
use laureola_testkit::{Frame, RawHttp, Received, WebSocket, wait_until};

use crate::support::{DEADLINE, Running, Seen, echo, websocket_app};

#[test]
fn a_bad_handshake_is_400() {
    let server = Running::start(echo(Seen::default()));
    let good = WebSocket::handshake(server.port, "/", &[]);
    let host = format!("Host: 127.0.0.1:{}\r\n", server.port);
    for (what, with) in [
        ("GET /", "POST /"),
        ("HTTP/1.1", "HTTP/1.0"),
        (&*host, ""),
        ("Connection: Upgrade", "Connection: keep-alive"),
        ("Connection: Upgrade\r\n", ""),
        ("Sec-WebSocket-Version: 13\r\n", ""),
        ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ"),
        ("dGhlIHNhbXBsZSBub25jZQ==", ""),
        ("Sec-WebSocket-Key", "Sec-WebSocket-Kee"),
        ("\r\n\r\n", "\r\nContent-Length: 3\r\n\r\nabc"),
    ] {
        let bad = good.replacen(what, with, 1);
        assert_ne!(bad, good, "{what}");
        let mut client = RawHttp::connect(server.port);
        client.write(&bad);
        assert_eq!(client.read_response(DEADLINE).unwrap().status, 400, "{bad}");
        assert!(client.is_closed(DEADLINE), "{bad}");
    }
    server.assert_serves();
}

#[test]
fn another_version_is_426_with_ours() {
    let server = Running::start(echo(Seen::default()));
    let request = WebSocket::handshake(server.port, "/", &[]).replace("Version: 13", "Version: 8");
    let response = RawHttp::exchange(server.port, request, DEADLINE).unwrap();
    assert_eq!(response.status, 426);
    assert_eq!(response.header("sec-websocket-version"), Some("13"));
    assert_eq!(response.header("upgrade"), Some("websocket"));
    assert_eq!(response.header("connection"), Some("upgrade, close"));
    server.assert_serves();
}

#[test]
fn tokens_may_stand_in_lists_and_in_any_case() {
    let server = Running::start(echo(Seen::default()));
    let request = WebSocket::handshake(server.port, "/", &[])
        .replace("Connection: Upgrade", "connection: keep-alive, upgrade")
        .replace("Upgrade: websocket", "UPGRADE: WebSocket");
    let mut socket = WebSocket::handshake_raw(server.port, request).unwrap();
    socket.send_text("hello");
    assert_eq!(socket.recv(DEADLINE), Received::Text("hello".to_owned()));
}

#[test]
fn frames_sent_together_with_the_handshake_are_kept() {
    let server = Running::start(echo(Seen::default()));
    let mut bytes = WebSocket::handshake(server.port, "/", &[]).into_bytes();
    // More than one read of the socket's buffer, and the last frame is not complete.
    for number in 0..100 {
        bytes.extend(Frame::new(Frame::TEXT, format!("message {number}")).encode());
    }
    let last = Frame::new(Frame::TEXT, "the last").encode();
    bytes.extend_from_slice(&last[..3]);
    let mut socket = WebSocket::handshake_raw(server.port, bytes).unwrap();
    socket.send_frame_raw(&last[3..]);
    for number in 0..100 {
        assert_eq!(socket.recv(DEADLINE), Received::Text(format!("message {number}")));
    }
    assert_eq!(socket.recv(DEADLINE), Received::Text("the last".to_owned()));
}

/// Decides by path.
fn deciding(seen: Seen) -> impl Application {
    websocket_app(move |mut connection: Connection, path| {
        let seen = seen.clone();
        async move {
            let send = connection.send.clone();
            match &*path {
                "/close" => send.send(Command::close(1000)).await?,
                "/deny" => {
                    let mut response = Response::new(Body::from("too many of you"));
                    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
                    response
                        .headers_mut()
                        .insert("retry-after", HeaderValue::from_static("7"));
                    send.send(Command::WebSocketDeny(Box::new(response))).await?;
                }
                "/return" => return Ok(()),
                "/fail" => return Err(AppError::msg("no reason")),
                "/panic" => panic!("on purpose"),
                "/early" => {
                    let error = send
                        .send(Command::WebSocketSend("too early".into()))
                        .await
                        .expect_err("out of turn");
                    assert_eq!(
                        error.to_string(),
                        "Socket has not been accepted, so cannot send over it"
                    );
                    send.send(Command::close(1000)).await?;
                }
                "/twice" => {
                    send.send(Command::accept()).await?;
                    let error = send.send(Command::accept()).await.expect_err("out of turn");
                    send.send(Command::WebSocketSend(error.to_string().into()))
                        .await?;
                }
                "/stalls" => {
                    let response = Response::new(Body::new(Stalls));
                    send.send(Command::WebSocketDeny(Box::new(response))).await?;
                }
                "/switch" => {
                    let mut response = Response::new(Body::empty());
                    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
                    let error = send.send(Command::WebSocketDeny(Box::new(response))).await;
                    assert!(error.is_err());
                    return Ok(());
                }
                "/unoffered" => {
                    let mut headers = HeaderMap::new();
                    headers.insert("sec-websocket-protocol", HeaderValue::from_static("smuggled"));
                    for name in ["three", "", "one, two", "one\r\nx: y"] {
                        let error = send
                            .send(Command::WebSocketAccept {
                                subprotocol: Some(name.into()),
                                headers: HeaderMap::new(),
                            })
                            .await
                            .expect_err("not offered");
                        assert!(
                            error.to_string().starts_with("the client did not offer"),
                            "{error}"
                        );
                    }
                    send.send(Command::WebSocketAccept {
                        subprotocol: None,
                        headers,
                    })
                    .await?;
                }
                "/named" => {
                    let Scope::WebSocket(scope) = &connection.scope else {
                        unreachable!()
                    };
                    let subprotocol = scope.subprotocols().last().cloned();
                    let mut headers = HeaderMap::new();
                    headers.insert("x-room", HeaderValue::from_static("lobby"));
                    send.send(Command::WebSocketAccept { subprotocol, headers })
                        .await?;
                    send.send(Command::WebSocketSend(Payload::from("hello"))).await?;
                    send.send(Command::close(4000)).await?;
                }
                _ => {}
            }
            loop {
                let event = connection.receive.next().await;
                seen.saw(&event);
                if let Event::WebSocketDisconnect { .. } = event {
                    seen.end();
                    return Ok(());
                }
            }
        }
    })
}

/// A body of which not even the first part comes.
struct Stalls;

impl http_body::Body for Stalls {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        Poll::Pending
    }
}

#[track_caller]
fn refusal(server: &Running, path: &str) -> laureola_testkit::HttpResponse {
    WebSocket::try_connect(server.port, path, &[]).expect_err("a refusal")
}

#[test]
fn the_applications_refusals_are_responses() {
    let seen = Seen::default();
    let server = Running::start(deciding(seen.clone()));
    assert_eq!(refusal(&server, "/close").status, 403);
    seen.assert_one_disconnect(1006);
    assert_eq!(refusal(&server, "/early").status, 403);
    let denied = refusal(&server, "/deny");
    assert_eq!(denied.status, 429);
    assert_eq!(denied.header("retry-after"), Some("7"));
    assert_eq!(denied.text(), "too many of you");
    for path in ["/return", "/fail", "/panic"] {
        assert_eq!(refusal(&server, path).status, 500, "{path}");
    }
}

#[test]
fn a_second_accept_is_an_error_in_the_application() {
    let server = Running::start(deciding(Seen::default()));
    let mut socket = WebSocket::connect(server.port, "/twice", &[]);
    assert_eq!(
        socket.recv(DEADLINE),
        Received::Text("Socket has already been accepted".to_owned())
    );
}

#[test]
fn subprotocol_and_headers_are_in_the_101_and_what_follows_is_in_order() {
    let server = Running::start(deciding(Seen::default()));
    let offers = [("Sec-WebSocket-Protocol", "one, two")];
    let mut socket = WebSocket::connect(server.port, "/named", &offers);
    assert_eq!(socket.response().header("sec-websocket-protocol"), Some("two"));
    assert_eq!(socket.response().header("x-room"), Some("lobby"));
    assert_eq!(socket.response().header("server"), Some("laureola"));
    assert_eq!(socket.recv(DEADLINE), Received::Text("hello".to_owned()));
    assert!(matches!(
        socket.recv(DEADLINE),
        Received::Close { code: Some(4000), .. }
    ));
}

#[test]
fn a_subprotocol_that_was_not_offered_is_an_error_in_the_application() {
    let server = Running::start(deciding(Seen::default()));
    for offers in [&[][..], &[("Sec-WebSocket-Protocol", "one, two")]] {
        let socket = WebSocket::connect(server.port, "/unoffered", offers);
        assert_eq!(socket.response().header("sec-websocket-protocol"), None);
    }
    assert_eq!(refusal(&server, "/switch").status, 500);
}

#[test]
fn a_denial_that_stalls_is_cut_off() {
    let limit = Some(Duration::from_millis(50));
    let server = Running::with(deciding(Seen::default()), |builder| {
        builder.websocket_connect_timeout(limit)
    });
    let mut client = RawHttp::connect(server.port);
    client.write(WebSocket::handshake(server.port, "/stalls", &[]));
    let bytes = client.read_to_end(DEADLINE);
    assert!(bytes.starts_with(b"HTTP/1.1 200"), "{}", bytes.escape_ascii());
    assert!(!bytes.ends_with(b"0\r\n\r\n"), "{}", bytes.escape_ascii());
}

#[test]
fn a_handshake_that_is_not_decided_is_503() {
    let seen = Seen::default();
    let limit = Some(Duration::from_millis(50));
    let server = Running::with(deciding(seen.clone()), |builder| {
        builder.websocket_connect_timeout(limit)
    });
    assert_eq!(refusal(&server, "/wait").status, 503);
    seen.assert_one_disconnect(1006);
}

#[test]
fn a_client_that_leaves_before_the_decision_is_a_disconnect() {
    let seen = Seen::default();
    let server = Running::start(deciding(seen.clone()));
    let mut client = RawHttp::connect(server.port);
    client.write(WebSocket::handshake(server.port, "/wait", &[]));
    wait_until("the handshake", DEADLINE, || seen.connects() == 1);
    drop(client);
    wait_until("the disconnect", DEADLINE, || seen.codes() == [1006]);
}
