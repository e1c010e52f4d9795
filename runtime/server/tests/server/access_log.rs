//! The access log, beside the one of a real Daphne that serves the same requests.

use std::io::{self, Write};
use std::net::TcpStream;
use std::process::Command as Program;
use std::sync::Arc;

use laureola_asgi::{AppError, Application, Command, Connection, Event, Scope, app_fn};
use laureola_server::ProxyHeaders;
use laureola_server::observe::access_log::{AccessLog, Format};
use laureola_testkit::{Process, RawHttp, Received, WebSocket, free_port, python, wait_until};
use parking_lot::Mutex;

use crate::support::{DEADLINE, Running, respond};

/// The same as `python/access_log.py`.
fn application() -> impl Application {
    app_fn(|mut connection: Connection| async move {
        let path = connection.scope.path().into_owned();
        connection.receive.next().await;
        if path == "/raise" {
            return Err(io::Error::other("asked to").into());
        }
        if matches!(connection.scope, Scope::Http(_)) {
            return if path == "/empty" {
                respond(&connection.send, http::StatusCode::NO_CONTENT, "").await
            } else {
                respond(&connection.send, http::StatusCode::OK, "hello").await
            };
        }
        if path == "/no" {
            connection.send.send(Command::close(1000)).await?;
            return Ok(());
        }
        connection.send.send(Command::accept()).await?;
        while !matches!(connection.receive.next().await, Event::WebSocketDisconnect { .. }) {
            connection.send.send(Command::close(4001)).await?;
        }
        Ok(())
    })
}

/// A log in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Memory {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().clone()).expect("text")
    }
}

fn served(format: Format) -> (Running, Memory) {
    let memory = Memory::default();
    let log = AccessLog::writer(format, memory.clone()).expect("a thread");
    let server = Running::with(application(), |builder| {
        builder
            .access_log(Some(log))
            .proxy_headers(Some(ProxyHeaders::default()))
    });
    (server, memory)
}

/// Does everything that leaves lines, and waits for them each time: `lines` counts.
fn visit(port: u16, lines: &dyn Fn() -> usize) {
    let mut expected = lines();
    let mut wait_for = |more: usize| {
        expected += more;
        wait_until("the lines of a request", DEADLINE, || lines() >= expected);
    };
    for request in [
        "GET /a%20b?x=1 HTTP/1.1\r\n",
        "HEAD /h HTTP/1.1\r\n",
        "POST /empty HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi",
        "GET /raise HTTP/1.1\r\n",
        "GET /f HTTP/1.1\r\nX-Forwarded-For: 192.0.2.3\r\n",
        "GET /f6 HTTP/1.1\r\nX-Forwarded-For: 2001:db8::1\r\nX-Forwarded-Port: 99\r\n",
    ] {
        let end = if request.ends_with("hi") {
            ""
        } else {
            "Host: x\r\nConnection: close\r\n\r\n"
        };
        RawHttp::exchange(port, format!("{request}{end}"), DEADLINE).expect("a response");
        wait_for(1);
    }
    let mut closes = WebSocket::connect(port, "/closes?q=1", &[]);
    closes.close(1000);
    closes.recv(DEADLINE);
    drop(closes);
    wait_for(3);
    drop(WebSocket::connect(port, "/leaves", &[]));
    wait_for(3);
    let mut closed = WebSocket::connect(port, "/closed", &[("X-Forwarded-For", "192.0.2.3")]);
    closed.send_text("close, please");
    assert!(matches!(
        closed.recv(DEADLINE),
        Received::Close { code: Some(4001), .. }
    ));
    closed.close(4001);
    drop(closed);
    wait_for(3);
    for (path, count) in [("/no", 3), ("/raise", 2)] {
        let handshake = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        RawHttp::exchange(port, handshake, DEADLINE).expect("a response");
        wait_for(count);
    }
}

/// A log without what no two servers have in common: ports, dates, the length of an error page.
fn comparable(log: &str) -> Vec<String> {
    let line = |line: &str| {
        let (before, behind) = line.split_once(" - - [").expect("a line of Daphne's");
        let (date, request) = behind.split_once("] ").expect("a date");
        assert_eq!(date.len(), "22/Nov/2026:06:07:01".len(), "{line}");
        let client = before
            .split_once("127.0.0.1:")
            .map_or(before, |_| "127.0.0.1:port");
        let request = request
            .split_once(" 500 ")
            .map_or(request, |(request, _)| request);
        format!("{client} - - [date] {request}")
    };
    log.lines().map(line).collect()
}

#[test]
fn every_line_is_one_of_daphnes() {
    let port = free_port();
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python");
    let mut program = Program::new(python());
    program
        .current_dir(directory)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .args([
            "-u",
            "-m",
            "daphne",
            "--proxy-headers",
            "-p",
            &port.to_string(),
            "access_log:application",
        ]);
    let daphne = Process::spawn("daphne", &mut program);
    wait_until("Daphne listens", DEADLINE, || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    visit(port, &|| daphne.stdout().lines().count());

    let (server, memory) = served(Format::Daphne);
    visit(server.port, &|| memory.text().lines().count());
    server.stop();
    let (ours, daphnes) = (comparable(&memory.text()), comparable(&daphne.stdout()));
    assert_eq!(daphnes.len(), 20);
    assert_eq!(ours, daphnes);
}

#[test]
fn a_template_says_codes_and_durations_of_websockets() {
    let format = "{event} {path} {status} {code} {bytes}"
        .parse()
        .expect("a template");
    let (server, memory) = served(format);
    RawHttp::get(server.port, "/", DEADLINE);
    let mut socket = WebSocket::connect(server.port, "/closes", &[]);
    socket.close(3999);
    socket.recv(DEADLINE);
    drop(WebSocket::connect(server.port, "/leaves", &[]));
    let expected = [
        "http / 200 - 5",
        "websocket.disconnect /closes 101 3999 0",
        "websocket.disconnect /leaves 101 1006 0",
    ];
    wait_until("three lines", DEADLINE, || memory.text().lines().count() == 3);
    let log = memory.text();
    for line in expected {
        assert!(
            log.lines().any(|other| other == line),
            "{line} is missing in\n{log}"
        );
    }
}

#[test]
fn a_client_that_leaves_before_the_response_is_in_the_log() {
    let memory = Memory::default();
    let log = AccessLog::writer("{event} {status}".parse().expect("a template"), memory.clone());
    let log = log.expect("a thread");
    let never = app_fn(|_: Connection| std::future::pending::<Result<(), AppError>>());
    let server = Running::with(never, |builder| {
        builder
            .access_log(Some(log))
            .application_close_timeout(std::time::Duration::from_millis(10))
    });
    let mut client = RawHttp::connect(server.port);
    client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    drop(client);
    wait_until("a line", DEADLINE, || memory.text() == "http -\n");
}
