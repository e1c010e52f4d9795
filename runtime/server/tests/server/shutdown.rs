//! The end of a server.

use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use laureola_asgi::{Connection, Scope, app_fn};
use laureola_server::Server;
use laureola_server::readiness::Stage;
use laureola_testkit::{RawHttp, Received, WebSocket, wait_until};
use tokio::sync::Notify;

use crate::support::{DEADLINE, Running, Seen, echo, respond, websocket_app};

#[test]
fn every_socket_is_closed_with_1012_after_one_disconnect_each() {
    let seen = Seen::default();
    let mut server = Running::start(echo(seen.clone()));
    let mut sockets: Vec<_> = (0..200)
        .map(|_| WebSocket::connect(server.port, "/", &[]))
        .collect();
    server.begin_stop();
    for socket in &mut sockets {
        assert!(matches!(
            socket.recv(DEADLINE),
            Received::Close { code: Some(1012), .. }
        ));
        socket.close(1012);
        assert_eq!(socket.recv(DEADLINE), Received::Eof);
    }
    server.stop();
    assert_eq!(seen.codes(), vec![1012; 200]);
    assert_eq!(seen.ended(), 200);
}

#[test]
fn requests_under_way_are_answered_and_idle_connections_closed() {
    let (go, seen) = (Arc::new(Notify::new()), Seen::default());
    let application = {
        let (go, seen) = (Arc::clone(&go), seen.clone());
        app_fn(move |connection: Connection| {
            let (go, seen) = (Arc::clone(&go), seen.clone());
            async move {
                if connection.scope.path() == "/wait" {
                    seen.end();
                    go.notified().await;
                }
                respond(&connection.send, StatusCode::OK, "done").await
            }
        })
    };
    let mut server = Running::start(application);
    let mut silent = RawHttp::connect(server.port);
    let mut idle = RawHttp::connect(server.port);
    idle.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(idle.read_response(DEADLINE).unwrap().status, 200);
    let mut busy = RawHttp::connect(server.port);
    busy.write("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    wait_until("the request", DEADLINE, || seen.ended() == 1);

    server.begin_stop();
    assert!(idle.is_closed(DEADLINE));
    assert!(silent.is_closed(DEADLINE));
    go.notify_one();
    let response = busy.read_response(DEADLINE).unwrap();
    assert_eq!(response.text(), "done");
    assert!(busy.is_closed(DEADLINE));
    server.stop();
}

#[test]
fn a_handshake_under_way_is_503() {
    let seen = Seen::default();
    let application = {
        let seen = seen.clone();
        websocket_app(move |mut connection: Connection, _| {
            let seen = seen.clone();
            async move {
                loop {
                    let event = connection.receive.next().await;
                    seen.saw(&event);
                    if event.is_disconnect() {
                        return Ok(());
                    }
                }
            }
        })
    };
    let mut server = Running::start(application);
    let mut client = RawHttp::connect(server.port);
    client.write(WebSocket::handshake(server.port, "/", &[]));
    wait_until("the handshake", DEADLINE, || seen.connects() == 1);
    server.begin_stop();
    assert_eq!(client.read_response(DEADLINE).unwrap().status, 503);
    server.stop();
    assert_eq!(seen.codes(), [1012]);
}

#[test]
fn what_does_not_end_is_stopped() {
    let application = app_fn(|connection: Connection| async move {
        if matches!(connection.scope, Scope::Http(_)) {
            std::future::pending::<()>().await;
        }
        Ok(())
    });
    let limit = Duration::from_millis(100);
    let server = Running::with(application, |builder| builder.shutdown_timeout(limit));
    let mut client = RawHttp::connect(server.port);
    client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let since = Instant::now();
    server.stop();
    assert!(since.elapsed() < DEADLINE);
}

#[test]
fn during_the_delay_a_server_is_not_ready_and_still_serves() {
    let delay = Duration::from_millis(500);
    let mut server = Running::with(echo(Seen::default()), |builder| builder.shutdown_delay(delay));
    let ready = server.readiness.clone();
    wait_until("it serves", DEADLINE, || ready.is_ready());
    let since = Instant::now();
    server.begin_stop();
    wait_until("it says so", DEADLINE, || ready.stage() == Stage::Stopping);
    let late = TcpStream::connect(("127.0.0.1", server.port));
    // It says nothing where this test was held up for longer than the delay.
    if since.elapsed() < delay {
        assert!(late.is_ok(), "a new connection is still taken");
    }
    server.stop();
    assert!(since.elapsed() >= delay);
    assert!(!ready.is_ready());
}

#[tokio::test]
async fn a_port_in_use_is_one_clear_line() {
    let server = Server::builder(echo(Seen::default()))
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let address = server.local_addr();
    let error = Server::builder(echo(Seen::default()))
        .bind(address)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot listen on {address}: address already in use")
    );
    let error = Server::builder(echo(Seen::default()))
        .bind("no-such-host.invalid:80")
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "cannot find the address to listen on");
    assert!(std::error::Error::source(&error).is_some(), "the system's words");
}
