//! How sockets end (RFC 6455 §7).

use std::time::Duration;

use laureola_asgi::{AppError, Application, Command, Connection, Event};
use laureola_testkit::{Frame, Received, WebSocket, wait_until};

use crate::support::{DEADLINE, Running, Seen, echo, websocket_app};

#[test]
fn the_clients_close_is_echoed_and_told_once() {
    for (frame, code, reason) in [
        (Frame::close(1000, ""), 1000, ""),
        (Frame::close(4001, "see you"), 4001, "see you"),
        (Frame::new(Frame::CLOSE, ""), 1005, ""),
    ] {
        let seen = Seen::default();
        let server = Running::start(echo(seen.clone()));
        let mut socket = WebSocket::connect(server.port, "/", &[]);
        socket.send_frame(&frame);
        let echoed = (code != 1005).then_some(code);
        assert_eq!(
            socket.recv(DEADLINE),
            Received::Close {
                code: echoed,
                reason: reason.to_owned()
            }
        );
        // The server closes the connection first.
        assert_eq!(socket.recv(DEADLINE), Received::Eof);
        seen.assert_one_disconnect(code);
        assert_eq!(seen.disconnects()[0].1, reason);
        server.assert_serves();
    }
}

#[test]
fn a_client_that_vanishes_is_1006() {
    let seen = Seen::default();
    let server = Running::start(echo(seen.clone()));
    drop(WebSocket::connect(server.port, "/", &[]));
    seen.assert_one_disconnect(1006);
    server.assert_serves();
}

/// Accepts, then does what the path says with the first message.
fn closing(seen: Seen) -> impl Application {
    websocket_app(move |mut connection: Connection, path| {
        let seen = seen.clone();
        async move {
            connection.send.send(Command::accept()).await?;
            loop {
                let event = connection.receive.next().await;
                seen.saw(&event);
                match event {
                    Event::WebSocketReceive(payload) => match &*path {
                        "/close" => {
                            let (code, reason) = (4002, payload.as_text().unwrap_or_default().into());
                            connection
                                .send
                                .send(Command::WebSocketClose { code, reason })
                                .await?;
                            let late = connection.send.send(Command::WebSocketSend("late".into())).await;
                            assert!(AppError::from(late.expect_err("closed")).is_disconnected());
                        }
                        "/illegal" => {
                            let error = connection
                                .send
                                .send(Command::close(1006))
                                .await
                                .expect_err("illegal");
                            let text = Command::WebSocketSend(error.to_string().into());
                            connection.send.send(text).await?;
                        }
                        "/fail" => return Err(AppError::msg("no reason")),
                        "/panic" => panic!("on purpose"),
                        "/return" => return Ok(()),
                        _ => connection.send.send(Command::WebSocketSend(payload)).await?,
                    },
                    Event::WebSocketDisconnect { .. } => {
                        if &*path == "/deaf" {
                            let _end = EndOnDrop(seen);
                            std::future::pending::<()>().await;
                            unreachable!();
                        }
                        seen.end();
                        return Ok(());
                    }
                    _ => {}
                }
            }
        }
    })
}

struct EndOnDrop(Seen);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

#[track_caller]
fn closed_with(server: &Running, path: &str) -> (WebSocket, Option<u16>, String) {
    let mut socket = WebSocket::connect(server.port, path, &[]);
    socket.send_text("bye");
    match socket.recv(DEADLINE) {
        Received::Close { code, reason } => (socket, code, reason),
        other => panic!("{path}: expected a close, received {other:?}"),
    }
}

#[test]
fn the_applications_close_reaches_the_client_with_its_reason() {
    let seen = Seen::default();
    let server = Running::start(closing(seen.clone()));
    let (mut socket, code, reason) = closed_with(&server, "/close");
    assert_eq!((code, &*reason), (Some(4002), "bye"));
    // What the client says now is no message any more.
    socket.send_text("wait");
    assert!(seen.codes().is_empty());
    socket.close(4002);
    assert_eq!(socket.recv(DEADLINE), Received::Eof);
    seen.assert_one_disconnect(4002);
    assert_eq!(seen.messages().len(), 1);
    server.assert_serves();
}

#[test]
fn a_client_that_does_not_answer_a_close_is_cut() {
    let seen = Seen::default();
    let limit = Duration::from_millis(50);
    let server = Running::with(closing(seen.clone()), |builder| {
        builder.websocket_close_timeout(limit)
    });
    let (mut socket, code, _) = closed_with(&server, "/close");
    assert_eq!(code, Some(4002));
    assert_eq!(socket.recv(DEADLINE), Received::Eof);
    seen.assert_one_disconnect(1006);
    server.assert_serves();
}

#[test]
fn a_code_that_must_not_be_sent_is_an_error_in_the_application() {
    let server = Running::start(closing(Seen::default()));
    let mut socket = WebSocket::connect(server.port, "/illegal", &[]);
    socket.send_text("");
    let Received::Text(error) = socket.recv(DEADLINE) else {
        panic!("no error")
    };
    assert!(error.starts_with("invalid close code 1006"), "{error}");
}

#[test]
fn an_application_that_fails_or_panics_closes_with_1011_and_one_that_returns_with_1000() {
    let server = Running::start(closing(Seen::default()));
    for (path, expected) in [("/fail", 1011), ("/panic", 1011), ("/return", 1000)] {
        let (mut socket, code, _) = closed_with(&server, path);
        assert_eq!(code, Some(expected), "{path}");
        socket.close(expected);
        assert_eq!(socket.recv(DEADLINE), Received::Eof);
    }
    server.assert_serves();
}

#[test]
fn an_application_that_outlives_its_socket_is_stopped() {
    let seen = Seen::default();
    let limit = Duration::from_millis(50);
    let server = Running::with(closing(seen.clone()), |builder| {
        builder.application_close_timeout(limit)
    });
    drop(WebSocket::connect(server.port, "/deaf", &[]));
    wait_until("the application's end", DEADLINE, || seen.ended() == 1);
    assert_eq!(seen.codes(), [1006]);
    server.assert_serves();
}
