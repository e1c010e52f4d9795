//! WebSockets in streams of HTTP/2.

use http::{HeaderMap, HeaderValue, Response, StatusCode};
use laureola_asgi::exchange::Body;
use laureola_asgi::{Command, Connection, Event, Scope};
use laureola_server::Limits;

use super::client::{Client, run, until};
use super::socket::{Socket, handshake};
use crate::support::{Running, Seen, echo, websocket_app};

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

#[test]
fn messages_are_echoed_and_the_close_answered() {
    let seen = Seen::default();
    let server = Running::start(echo(seen.clone()));
    run(async {
        let mut client = Client::connect(server.port).await;
        let mut socket = Socket::open(&mut client, handshake("/")).await;
        assert!(!socket.headers.contains_key("sec-websocket-accept"));
        assert!(!socket.headers.contains_key("upgrade"));
        assert_eq!(socket.headers["server"], "laureola");
        assert!(socket.headers.contains_key("date"));
        socket.send(TEXT, b"hello").await;
        assert_eq!(socket.receive().await.unwrap().unwrap(), (TEXT, "hello".into()));
        socket.send(BINARY, b"").await;
        assert_eq!(socket.receive().await.unwrap().unwrap(), (BINARY, "".into()));
        socket.send(PING, b"?").await;
        assert_eq!(socket.receive().await.unwrap().unwrap(), (PONG, "?".into()));
        socket.send(CLOSE, &[0x0f, 0xa1, b'b', b'y', b'e']).await;
        assert_eq!(socket.closed().await, 4001);
        // END_STREAM stands for FIN.
        assert_eq!(socket.receive().await.unwrap(), None);
        until(|| seen.ended() == 1).await;
        assert_eq!(seen.disconnects(), [(4001, "bye".to_owned())]);
        // The connection goes on.
        assert_eq!(client.get("/").await.status(), 200);
    });
}

#[test]
fn many_sockets_and_requests_share_a_connection() {
    let server = Running::start(echo(Seen::default()));
    run(async {
        let mut client = Client::connect(server.port).await;
        let mut sockets = Vec::new();
        for _ in 0..50 {
            sockets.push(Socket::open(&mut client, handshake("/")).await);
        }
        for (number, socket) in sockets.iter_mut().enumerate() {
            socket.send(TEXT, number.to_string().as_bytes()).await;
        }
        assert_eq!(client.get("/between").await.status(), 200);
        for (number, socket) in sockets.iter_mut().enumerate().rev() {
            let (_, text) = socket.receive().await.unwrap().unwrap();
            assert_eq!(text, number.to_string());
        }
    });
}

#[test]
fn large_messages_pass_every_window() {
    let server = Running::start(echo(Seen::default()));
    run(async {
        let mut client = Client::connect(server.port).await;
        let mut socket = Socket::open(&mut client, handshake("/")).await;
        for _ in 0..3 {
            let message = vec![7; 1_000_000];
            socket.send(BINARY, &message).await;
            let (_, echoed) = socket.receive().await.unwrap().unwrap();
            assert!(echoed == message);
        }
    });
}

#[test]
fn the_scope_is_that_of_a_websocket_over_http2() {
    let application = websocket_app(|mut connection: Connection, _| async move {
        let Scope::WebSocket(scope) = &connection.scope else {
            return Ok(());
        };
        let text = format!(
            "{} {} {} {} {:?} {:?}",
            scope.http_version(),
            scope.scheme(),
            scope.path(),
            String::from_utf8_lossy(scope.query_string()),
            scope.headers().get_str("host"),
            scope.subprotocols(),
        );
        connection.receive.next().await;
        let mut headers = HeaderMap::new();
        headers.insert("x-extra", HeaderValue::from_static("1"));
        let subprotocol = Some("b".into());
        connection
            .send
            .send(Command::WebSocketAccept { subprotocol, headers })
            .await?;
        connection.send.send(Command::WebSocketSend(text.into())).await?;
        connection.send.send(Command::close(4002)).await?;
        Ok(())
    });
    let server = Running::start(application);
    run(async {
        let mut client = Client::connect(server.port).await;
        let mut request = handshake("/caf%C3%A9?a=b");
        let offers = HeaderValue::from_static("a, b");
        request.headers_mut().insert("sec-websocket-protocol", offers);
        let mut socket = Socket::open(&mut client, request).await;
        assert_eq!(socket.headers["sec-websocket-protocol"], "b");
        assert_eq!(socket.headers["x-extra"], "1");
        let (_, text) = socket.receive().await.unwrap().unwrap();
        assert_eq!(text, r#"2 ws /café a=b Some("localhost") ["a", "b"]"#);
        assert_eq!(socket.closed().await, 4002);
    });
}

#[test]
fn refusals_are_ordinary_responses() {
    let application = websocket_app(|mut connection: Connection, path| async move {
        connection.receive.next().await;
        let command = match &*path {
            "/deny" => {
                let mut response = Response::new(Body::from("not you"));
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                Command::WebSocketDeny(Box::new(response))
            }
            "/close" => Command::close(1000),
            _ => return Err(std::io::Error::other("it fails").into()),
        };
        Ok(connection.send.send(command).await?)
    });
    let server = Running::start(application);
    run(async {
        let mut client = Client::connect(server.port).await;
        let denied = Socket::refused(&mut client, handshake("/deny")).await;
        assert_eq!(
            (denied.status(), denied.body().as_str()),
            (StatusCode::UNAUTHORIZED, "not you")
        );
        let closed = Socket::refused(&mut client, handshake("/close")).await;
        assert_eq!(closed.status(), 403);
        assert!(!closed.headers().contains_key("connection"));
        let failed = Socket::refused(&mut client, handshake("/fail")).await;
        assert_eq!(failed.status(), 500);
        for version in [None, Some("8"), Some("13, 8")] {
            let mut request = handshake("/close");
            request.headers_mut().remove("sec-websocket-version");
            if let Some(version) = version {
                let version = HeaderValue::from_static(version);
                request.headers_mut().insert("sec-websocket-version", version);
            }
            let refused = Socket::refused(&mut client, request).await;
            assert_eq!(refused.status(), 400, "{version:?}");
        }
        assert_eq!(client.get("/").await.status(), 200);
    });
}

#[test]
fn a_stream_that_breaks_off_is_1006() {
    for how in ["finish", "reset", "vanish"] {
        let seen = Seen::default();
        let server = Running::start(echo(seen.clone()));
        run(async {
            let mut client = Client::connect(server.port).await;
            let mut socket = Socket::open(&mut client, handshake("/")).await;
            socket.send(TEXT, b"hello").await;
            socket.receive().await.unwrap();
            match how {
                "finish" => socket.finish(),
                "reset" => socket.reset(),
                _ => client.vanish(),
            }
            until(|| seen.ended() == 1).await;
        });
        assert_eq!(seen.codes(), [1006], "{how}");
    }
}

#[test]
fn a_client_that_leaves_within_the_handshake_is_a_disconnect() {
    let seen = Seen::default();
    let application = {
        let seen = seen.clone();
        websocket_app(move |mut connection: Connection, _| {
            let seen = seen.clone();
            async move {
                while !matches!(connection.receive.next().await, Event::WebSocketDisconnect { .. }) {
                    seen.saw(&Event::WebSocketConnect);
                }
                seen.end();
                Ok(())
            }
        })
    };
    let server = Running::start(application);
    run(async {
        let mut client = Client::connect(server.port).await;
        let (_response, mut send) = client.send(handshake("/"), false);
        until(|| seen.connects() == 1).await;
        send.send_reset(h2::Reason::CANCEL);
        until(|| seen.ended() == 1).await;
        assert_eq!(client.get("/").await.status(), 200);
    });
}

#[test]
fn a_message_above_the_limit_is_closed_with_1009() {
    let seen = Seen::default();
    let server = Running::with(echo(seen.clone()), |builder| {
        builder.limits(Limits {
            websocket_max_message: 1000,
            ..Limits::default()
        })
    });
    run(async {
        let mut client = Client::connect(server.port).await;
        let mut socket = Socket::open(&mut client, handshake("/")).await;
        socket.send(BINARY, &[0; 1001]).await;
        assert_eq!(socket.closed().await, 1009);
        until(|| seen.ended() == 1).await;
        assert_eq!(client.get("/").await.status(), 200);
    });
    assert_eq!(seen.codes().len(), 1);
}

#[test]
fn a_socket_that_does_not_read_holds_up_no_other() {
    let application = websocket_app(|mut connection: Connection, path| async move {
        connection.receive.next().await;
        connection.send.send(Command::accept()).await?;
        if &*path == "/flood" {
            loop {
                let text = "x".repeat(1000);
                connection.send.send(Command::WebSocketSend(text.into())).await?;
            }
        }
        connection
            .send
            .send(Command::WebSocketSend("hello".into()))
            .await?;
        connection.receive.next().await;
        Ok(())
    });
    let server = Running::start(application);
    run(async {
        // A window for each stream, and enough for all of them together.
        let mut builder = h2::client::Builder::new();
        builder
            .initial_window_size(100_000)
            .initial_connection_window_size(1_000_000);
        let mut client = Client::with(server.port, &mut builder).await;
        let flooded = Socket::open(&mut client, handshake("/flood")).await;
        let mut other = Socket::open(&mut client, handshake("/")).await;
        assert_eq!(other.receive().await.unwrap().unwrap(), (TEXT, "hello".into()));
        drop(flooded);
    });
}

#[test]
fn every_socket_is_closed_with_1012_at_shutdown() {
    let seen = Seen::default();
    let mut server = Running::start(echo(seen.clone()));
    run(async {
        let mut client = Client::connect(server.port).await;
        let mut sockets = Vec::new();
        for _ in 0..20 {
            sockets.push(Socket::open(&mut client, handshake("/")).await);
        }
        server.begin_stop();
        for socket in &mut sockets {
            assert_eq!(socket.closed().await, 1012);
            socket.send(CLOSE, &[0x03, 0xf4]).await;
            assert_eq!(socket.receive().await.unwrap(), None);
        }
    });
    server.stop();
    assert_eq!(seen.codes(), [1012; 20]);
}
