//! Pings, and the life of a socket.

use std::time::Duration;

use laureola_testkit::{Frame, Received, WebSocket};

use crate::support::{DEADLINE, Running, Seen, echo};

const SHORT: Duration = Duration::from_millis(50);

#[test]
fn a_silent_client_is_pinged_and_one_that_does_not_answer_is_cut() {
    let seen = Seen::default();
    let server = Running::with(echo(seen.clone()), |builder| {
        builder.ping_interval(Some(SHORT)).ping_timeout(Some(SHORT))
    });
    let mut socket = WebSocket::connect(server.port, "/", &[]);
    for _ in 0..3 {
        let Received::Ping(payload) = socket.recv(DEADLINE) else {
            panic!("no ping")
        };
        socket.send_frame(&Frame::new(Frame::PONG, payload));
    }
    assert!(matches!(socket.recv(DEADLINE), Received::Ping(_)));
    assert!(matches!(
        socket.recv(DEADLINE),
        Received::Close { code: Some(1011), .. }
    ));
    assert_eq!(socket.recv(DEADLINE), Received::Eof);
    seen.assert_one_disconnect(1006);
}

#[test]
fn a_socket_ends_with_the_websocket_timeout() {
    let seen = Seen::default();
    let server = Running::with(echo(seen.clone()), |builder| {
        builder.websocket_timeout(Some(SHORT))
    });
    let mut socket = WebSocket::connect(server.port, "/", &[]);
    assert!(matches!(
        socket.recv(DEADLINE),
        Received::Close { code: Some(1000), .. }
    ));
    socket.close(1000);
    assert_eq!(socket.recv(DEADLINE), Received::Eof);
    seen.assert_one_disconnect(1000);
}
