//! The chat in all its ways, as the load tool meets it.

#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use laureola_testkit::{Received, RedisServer, WebSocket};
use serde_json::json;

const DEADLINE: Duration = Duration::from_secs(10);

struct Running {
    child: Child,
    port: u16,
}

impl Running {
    fn start(mode: &str, layer: &str, redis: Option<&RedisServer>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_laureola-bench-chat"));
        command.args(["--port", "0", "--mode", mode, "--layer", layer]);
        if let Some(redis) = redis {
            command.args(["--redis", &redis.url()]);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let (_, port) = line.trim().rsplit_once(':').unwrap();
        let port = port.parse().unwrap();
        Self { child, port }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn talk(server: &Running) {
    let mut members: Vec<_> = (0..2)
        .map(|_| WebSocket::connect(server.port, "/ws/chat/lobby/", &[]))
        .collect();
    let said = json!({"message": "h\u{e9}llo"});
    members[1].send_json(&said);
    for member in &mut members {
        assert_eq!(member.recv_json(DEADLINE), said);
    }
}

#[test]
fn a_message_reaches_all_members_in_every_mode_and_layer() {
    let redis = RedisServer::start();
    for mode in ["handler", "relay", "direct"] {
        for layer in ["memory", "core", "core-process", "pubsub"] {
            talk(&Running::start(mode, layer, Some(&redis)));
        }
    }
}

#[test]
fn other_paths_echo_and_say_hello() {
    let server = Running::start("handler", "memory", None);
    let mut socket = WebSocket::connect(server.port, "/echo", &[]);
    socket.send_text("again");
    assert_eq!(socket.recv(DEADLINE), Received::Text("again".to_owned()));

    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nHello, world!"), "{answer}");
}
