//! Clients that do not read, and applications that do not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use laureola_asgi::{Command, Connection, Event, Payload};
use laureola_server::Limits;
use laureola_testkit::{Frame, Received, WebSocket, wait_until};
use tokio::sync::Notify;

use crate::support::{DEADLINE, Running, Seen, websocket_app};

#[test]
fn a_client_that_does_not_read_makes_send_wait_and_is_cut() {
    let seen = Seen::default();
    let sent = Arc::new(AtomicUsize::new(0));
    let application = {
        let (seen, sent) = (seen.clone(), Arc::clone(&sent));
        websocket_app(move |mut connection: Connection, _| {
            let (seen, sent) = (seen.clone(), Arc::clone(&sent));
            async move {
                connection.send.send(Command::accept()).await?;
                let message = Bytes::from(vec![7; 64 * 1024]);
                loop {
                    let command = Command::WebSocketSend(Payload::Binary(message.clone()));
                    if connection.send.send(command).await.is_err() {
                        break;
                    }
                    sent.fetch_add(1, Ordering::SeqCst);
                }
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
    };
    let limit = Duration::from_millis(200);
    let server = Running::with(application, |builder| builder.slow_client_timeout(limit));
    let socket = WebSocket::connect(server.port, "/", &[]);
    seen.assert_one_disconnect(1013);
    // What the kernel took, and two messages at most.
    assert!(
        sent.load(Ordering::SeqCst) < 500,
        "{} messages",
        sent.load(Ordering::SeqCst)
    );
    drop(socket);
}

#[test]
fn a_client_that_reads_slowly_gets_everything_in_order() {
    let application = websocket_app(|connection: Connection, _| async move {
        connection.send.send(Command::accept()).await?;
        for number in 0..3000_u32 {
            let payload = Payload::Binary(number.to_be_bytes().repeat(1000).into());
            connection.send.send(Command::WebSocketSend(payload)).await?;
        }
        Ok(())
    });
    let server = Running::start(application);
    let mut socket = WebSocket::connect(server.port, "/", &[]);
    for number in 0..3000_u32 {
        assert!(
            socket.recv(DEADLINE) == Received::Binary(number.to_be_bytes().repeat(1000)),
            "{number}"
        );
    }
    assert!(matches!(
        socket.recv(DEADLINE),
        Received::Close { code: Some(1000), .. }
    ));
}

#[test]
fn a_ping_flood_from_a_client_that_does_not_read_is_bounded_and_survived() {
    let application = websocket_app(|mut connection: Connection, _| async move {
        connection.send.send(Command::accept()).await?;
        while !connection.receive.next().await.is_disconnect() {}
        Ok(())
    });
    let server = Running::start(application);
    let mut socket = WebSocket::connect(server.port, "/", &[]);
    let pings = Frame::new(Frame::PING, vec![0; 125]).encode().repeat(1000);
    for _ in 0..100 {
        socket.send_frame_raw(&pings);
    }
    socket.close(1000);
    let mut pongs = 0;
    loop {
        match socket.recv(DEADLINE) {
            Received::Pong(_) => pongs += 1,
            Received::Close { code: Some(1000), .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(pongs > 0);
}

#[test]
fn an_application_that_does_not_receive_stops_the_reading_and_loses_nothing() {
    let go = Arc::new(Notify::new());
    let seen = Seen::default();
    let application = {
        let (go, seen) = (Arc::clone(&go), seen.clone());
        websocket_app(move |mut connection: Connection, _| {
            let (go, seen) = (Arc::clone(&go), seen.clone());
            async move {
                connection.send.send(Command::accept()).await?;
                go.notified().await;
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
    };
    let server = Running::with(application, |builder| {
        let limits = Limits {
            websocket_inbound_events: 4,
            ..Limits::default()
        };
        // Silence that is ours is not the client's.
        let short = Some(Duration::from_millis(20));
        builder.limits(limits).ping_interval(short).ping_timeout(short)
    });
    let mut socket = WebSocket::connect(server.port, "/", &[]);
    for number in 0..100 {
        socket.send_text(&number.to_string());
    }
    socket.close(1000);
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(seen.messages().len(), 0);
    go.notify_one();
    wait_until("all messages", DEADLINE, || seen.messages().len() == 100);
    let expected: Vec<Payload> = (0..100).map(|number: u32| number.to_string().into()).collect();
    assert_eq!(seen.messages(), expected);
    seen.assert_one_disconnect(1000);
}
