//! The opening handshake.

use laureola_testkit::{Received, WebSocket};

use crate::support::{DEADLINE, Running, Seen, echo};

#[test]
fn an_accepted_socket_echoes_and_closes() {
    let seen = Seen::default();
    let server = Running::start(echo(seen.clone()));
    let mut socket = WebSocket::connect(server.port, "/", &[]);
    socket.send_text("hello");
    assert_eq!(socket.recv(DEADLINE), Received::Text("hello".to_owned()));
    socket.close(4001);
    assert_eq!(
        socket.recv(DEADLINE),
        Received::Close {
            code: Some(4001),
            reason: String::new()
        }
    );
    assert_eq!(socket.recv(DEADLINE), Received::Eof);
    seen.assert_one_disconnect(4001);
}
