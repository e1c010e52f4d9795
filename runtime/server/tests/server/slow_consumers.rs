//! A client that takes what is sent to it too slowly: who waits, what is dropped, who is closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use laureola_asgi::{AppError, Application, Command, Connection, Payload, TrySendError};
use laureola_server::Limits;
use laureola_testkit::{Received, WebSocket};

use crate::support::{DEADLINE, Running, Seen, websocket_app};

const CAP: usize = 256 * 1024;
const MESSAGE: usize = 10_000;

/// What came of the sends.
#[derive(Clone, Default)]
struct Sent {
    taken: Arc<AtomicUsize>,
    full: Arc<AtomicUsize>,
}

/// Sends until that fails, as `/try` by `try_send` until it is full once, then by `deliver`; then
/// waits for its disconnect.
fn flooding(seen: Seen, sent: Sent) -> impl Application {
    websocket_app(move |mut connection: Connection, path| {
        let (seen, sent) = (seen.clone(), sent.clone());
        async move {
            connection.send.send(Command::accept()).await?;
            let message = Bytes::from(vec![7; MESSAGE]);
            if &*path == "/try" {
                loop {
                    let command = Command::WebSocketSend(Payload::Binary(message.clone()));
                    match connection.send.try_send(command) {
                        Ok(()) => {}
                        Err(TrySendError::Full(_)) => break,
                        Err(error) => return Err(AppError::msg(error.to_string())),
                    }
                }
                sent.full.fetch_add(1, Ordering::SeqCst);
            }
            while connection.send.deliver(Payload::Binary(message.clone())).is_ok() {
                sent.taken.fetch_add(1, Ordering::SeqCst);
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
}

fn server(seen: &Seen, sent: &Sent) -> Running {
    Running::with(flooding(seen.clone(), sent.clone()), |builder| {
        builder
            .limits(Limits {
                websocket_outbound_bytes: 64 * 1024,
                websocket_outbound_cap: CAP,
                ..Limits::default()
            })
            .websocket_close_timeout(Duration::from_secs(10))
    })
}

#[test]
fn a_client_that_owes_more_than_the_cap_is_closed_with_1013_and_told_so() {
    let (seen, sent) = (Seen::default(), Sent::default());
    let server = server(&seen, &sent);
    let mut socket = WebSocket::connect(server.port, "/try", &[]);
    seen.assert_one_disconnect(1013);
    assert_eq!(seen.disconnects()[0].1, "slow consumer");
    assert_eq!(sent.full.load(Ordering::SeqCst), 1);
    // Above the high-water mark a fan-out still had room, up to the cap.
    let taken = sent.taken.load(Ordering::SeqCst) * MESSAGE;
    assert!(taken > CAP / 2 && taken < CAP, "{taken} bytes");
    // Whole messages, as far as the kernel had them, then why.
    loop {
        match socket.recv(DEADLINE) {
            Received::Binary(bytes) => assert_eq!(bytes.len(), MESSAGE),
            Received::Close { code, reason } => {
                assert_eq!((code, &*reason), (Some(1013), "slow consumer"));
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    socket.close(1013);
    assert_eq!(socket.recv(DEADLINE), Received::Eof);
}

#[test]
fn a_client_that_keeps_up_gets_every_delivery() {
    let application = websocket_app(|connection: Connection, _| async move {
        connection.send.send(Command::accept()).await?;
        for number in 0..500_u32 {
            let payload = Payload::Binary(number.to_be_bytes().repeat(1000).into());
            connection
                .send
                .deliver(payload)
                .map_err(|error| AppError::msg(error.to_string()))?;
            tokio::task::yield_now().await;
        }
        Ok(())
    });
    let server = Running::with(application, |builder| {
        builder.limits(Limits {
            websocket_outbound_cap: 16 * 1024 * 1024,
            ..Limits::default()
        })
    });
    let mut socket = WebSocket::connect(server.port, "/", &[]);
    for number in 0..500_u32 {
        assert!(
            socket.recv(DEADLINE) == Received::Binary(number.to_be_bytes().repeat(1000)),
            "{number}"
        );
    }
}
