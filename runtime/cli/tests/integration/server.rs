//! A running `laureola`.

use std::path::Path;
use std::time::Duration;

use laureola_testkit::{Process, WebSocket, wait_until};

/// Deadline of whatever should take no time on a machine that is busy with other tests.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The server with the chat, on a port of its own; killed on drop.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) port: u16,
}

impl Server {
    /// Starts it with `args` behind `--port 0`, and waits until it listens.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut process = command(&[&["--port", "0"], args].concat());
        let mut port = None;
        wait_until("laureola listens", SOON, || {
            assert!(process.exit_status().is_none(), "{}", process.output());
            port = listening_port(&process.stderr());
            port.is_some()
        });
        Self {
            process,
            port: port.expect("it listens"),
        }
    }

    /// Opens a chat room's socket.
    pub(crate) fn join(&self, room: &str, username: &str) -> WebSocket {
        WebSocket::connect(self.port, &format!("/ws/chat/{room}/?username={username}"), &[])
    }
}

/// Starts `laureola` with exactly these arguments.
pub(crate) fn command(args: &[&str]) -> Process {
    Process::start("laureola", Path::new(env!("CARGO_BIN_EXE_laureola")), args)
}

/// The port in "listens on http://127.0.0.1:1234/".
fn listening_port(log: &str) -> Option<u16> {
    let (_, behind) = log.split_once("listens on http://")?;
    let (address, _) = behind.split_once('/')?;
    address.rsplit_once(':')?.1.parse().ok()
}
