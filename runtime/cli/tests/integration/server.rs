//! A running `laureola`.

use std::ops::{Deref, DerefMut};
use std::process;
use std::time::Duration;

use laureola_testkit::{Process, Received, WebSocket, wait_until};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Deadline of whatever should take no time on a machine that is busy with other tests.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// The server with the chat, on a port of its own; killed on drop.
pub(crate) struct Server {
    pub(crate) process: Command,
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

/// The next message in a room, as a client that knows no more than Django's site sees it; who is there and what was said
/// before is passed over.
#[track_caller]
pub(crate) fn heard(socket: &mut WebSocket) -> Value {
    loop {
        let content = socket.recv_json(SOON);
        if let Some(message) = content.get("message") {
            return json!({ "message": message, "username": content["username"] });
        }
    }
}

/// What comes next that is no text, such as a close.
#[track_caller]
pub(crate) fn ending(socket: &mut WebSocket) -> Received {
    loop {
        match socket.recv(SOON) {
            Received::Text(_) => {}
            other => return other,
        }
    }
}

/// A running `laureola`, and the directory it runs in.
pub(crate) struct Command {
    process: Process,
    _place: TempDir,
}

impl Deref for Command {
    type Target = Process;

    fn deref(&self) -> &Process {
        &self.process
    }
}

impl DerefMut for Command {
    fn deref_mut(&mut self) -> &mut Process {
        &mut self.process
    }
}

/// Starts `laureola` with exactly these arguments, in an empty directory of its own: the chat makes its database there.
pub(crate) fn command(args: &[&str]) -> Command {
    let place = tempfile::tempdir().expect("a temporary directory");
    let mut command = process::Command::new(env!("CARGO_BIN_EXE_laureola"));
    Command {
        process: Process::spawn("laureola", command.args(args).current_dir(&place)),
        _place: place,
    }
}

/// The port in "listens on http://127.0.0.1:1234/".
fn listening_port(log: &str) -> Option<u16> {
    let (_, behind) = log.split_once("listens on http://")?;
    let (address, _) = behind.split_once('/')?;
    address.rsplit_once(':')?.1.parse().ok()
}
