//! The floor over real sockets, byte by byte.

#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The program, ended with the test.
struct Running {
    child: Child,
    address: SocketAddr,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_laureola-floor"))
            .args(["--port", "0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap()
            .parse()
            .unwrap();
        Self { child, address }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        // The deadline of every read.
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream
    }

    fn socket(&self, path: &str) -> TcpStream {
        let mut stream = self.connect();
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut response = Vec::new();
        while !response.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            response.push(byte[0]);
        }
        assert!(response.starts_with(b"HTTP/1.1 101 "), "{response:?}");
        stream
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A client's frame, masked with zeros.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | short as u8),
        long => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(long).unwrap().to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

fn assert_reads(stream: &mut TcpStream, expected: &[u8]) {
    let mut bytes = vec![0; expected.len()];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, expected);
}

fn assert_ends(stream: &mut TcpStream) {
    // A reset is an end, too.
    assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
}

#[test]
fn a_text_goes_to_all_members_of_its_room_and_to_no_other() {
    for arguments in [&[][..], &["--join"]] {
        let floor = Running::start(arguments);
        let mut members: Vec<_> = (0..3).map(|_| floor.socket("/ws/chat/lobby/")).collect();
        let mut other = floor.socket("/ws/chat/other/");
        members[1].write_all(&frame(1, b"hello")).unwrap();
        other.write_all(&frame(1, b"elsewhere")).unwrap();
        for member in &mut members {
            assert_reads(member, b"\x81\x05hello");
        }
        assert_reads(&mut other, b"\x81\x09elsewhere");
    }
}

#[test]
fn messages_sent_together_arrive_in_order() {
    for arguments in [&[][..], &["--join"]] {
        let floor = Running::start(arguments);
        let mut members: Vec<_> = (0..2).map(|_| floor.socket("/ws/chat/lobby/")).collect();
        let together = [frame(1, b"1"), frame(1, b"2"), frame(1, b"3")].concat();
        members[0].write_all(&together).unwrap();
        for member in &mut members {
            assert_reads(member, b"\x81\x011\x81\x012\x81\x013");
        }
    }
}

#[test]
fn who_left_is_missed_by_nobody() {
    let floor = Running::start(&[]);
    let mut members: Vec<_> = (0..4).map(|_| floor.socket("/ws/chat/lobby/")).collect();
    // The first one's place is taken by the last one.
    let mut first = members.remove(0);
    first.write_all(&frame(8, b"")).unwrap();
    assert_reads(&mut first, b"\x88\x00");
    assert_ends(&mut first);
    drop(members.pop());
    members[0].write_all(&frame(1, b"still here")).unwrap();
    for member in &mut members {
        assert_reads(member, b"\x81\x0astill here");
    }
}

#[test]
fn a_slow_member_gets_everything_in_the_end() {
    let floor = Running::start(&["--join"]);
    let mut slow = floor.socket("/ws/chat/lobby/");
    let mut sender = floor.socket("/ws/chat/lobby/");
    let text = vec![b'x'; 60_000];
    let expected = [&[0x81, 126][..], &60_000_u16.to_be_bytes(), &text].concat();
    for _ in 0..200 {
        sender.write_all(&frame(1, &text)).unwrap();
        assert_reads(&mut sender, &expected);
    }
    for _ in 0..200 {
        assert_reads(&mut slow, &expected);
    }
}

#[test]
fn other_paths_echo_and_answer_pings() {
    let floor = Running::start(&[]);
    let mut socket = floor.socket("/echo");
    let long = vec![b'y'; 200];
    for part in frame(2, &long).chunks(50) {
        socket.write_all(part).unwrap();
    }
    assert_reads(&mut socket, &[&[0x82, 126, 0, 200][..], &long].concat());
    socket.write_all(&frame(9, b"ping")).unwrap();
    assert_reads(&mut socket, b"\x8a\x04ping");
}

#[test]
fn requests_are_answered_one_after_the_other() {
    let floor = Running::start(&[]);
    let mut stream = floor.connect();
    let request = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
    stream
        .write_all(&[&request[..], &request[..], b"GET"].concat())
        .unwrap();
    let mut answer = vec![0; 2 * 78];
    stream.read_exact(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    assert_eq!(answer.matches("HTTP/1.1 200 OK\r\n").count(), 2, "{answer}");
    assert!(answer.ends_with("\r\n\r\nHello, world!"), "{answer}");
}

#[test]
fn a_frame_without_a_mask_ends_the_connection() {
    let floor = Running::start(&[]);
    let mut socket = floor.socket("/echo");
    socket.write_all(b"\x81\x01x").unwrap();
    assert_ends(&mut socket);
}
