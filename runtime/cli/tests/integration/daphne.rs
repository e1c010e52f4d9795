//! The same command lines for Daphne itself and for us: the same exit status, and the same service.
//!
//! Daphne gets an application, which this command cannot host; everything else is equal.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use laureola_testkit::{Process, free_port, python, wait_until};
use rustix::io::{FdFlags, fcntl_setfd};
use tempfile::TempDir;

use crate::server::SOON;

/// The smallest thing that Daphne serves.
const APPLICATION: &str = "
async def application(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': b'hello'})
";

/// Both servers with the same flags, in a directory with the application.
struct Both {
    directory: TempDir,
}

impl Both {
    fn new() -> Self {
        let directory = TempDir::new().expect("a directory");
        fs::write(directory.path().join("app.py"), APPLICATION).expect("written");
        Self { directory }
    }

    fn daphne(&self, args: &[&str]) -> Process {
        let mut daphne = Command::new(python());
        daphne
            .args(["-m", "daphne"])
            .args(args)
            .arg("app:application")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        Process::spawn("Daphne", daphne.current_dir(&self.directory))
    }

    fn laureola(&self, args: &[&str]) -> Process {
        let mut laureola = Command::new(env!("CARGO_BIN_EXE_laureola"));
        Process::spawn("laureola", laureola.args(args).current_dir(&self.directory))
    }
}

/// How each ends by itself.
fn statuses(args: &[&str]) -> [Option<i32>; 2] {
    let both = Both::new();
    [both.daphne(args), both.laureola(args)].map(|mut process| process.wait_exit(SOON).code())
}

/// Daphne's own command, with one command line after the other: to start it anew takes seconds.
const PARSE: &str = "
import json, sys
from daphne.cli import CommandLineInterface
statuses = []
for args in json.loads(sys.argv[1]):
    try:
        CommandLineInterface().run(args + ['app:application'])
        statuses.append(0)
    except SystemExit as exit:
        statuses.append(exit.code)
    except Exception:
        statuses.append(1)
print(json.dumps(statuses))
";

/// What neither serves with: both end with 2.
fn refused(lines: &[&[&str]]) {
    let both = Both::new();
    let mut daphne = Command::new(python());
    let args = serde_json::to_string(lines).expect("JSON");
    daphne.args(["-c", PARSE, &args]).current_dir(&both.directory);
    let mut daphne = Process::spawn("Daphne", &mut daphne);
    assert!(daphne.wait_exit(SOON).success(), "{}", daphne.output());
    let statuses: Vec<i32> = serde_json::from_str(&daphne.stdout()).expect("statuses");
    for (args, status) in lines.iter().zip(statuses) {
        assert_eq!(status, 2, "Daphne with {args:?}");
        let mut laureola = both.laureola(args);
        let status = laureola.wait_exit(SOON);
        assert_eq!(status.code(), Some(2), "{args:?} {}", laureola.output());
    }
}

#[test]
fn bad_usage_has_daphnes_exit_status() {
    let lines = [
        &["--colour"][..],
        &["--port", "http"],
        &["--bind"],
        &["--fd", "three"],
        &["--verbosity", "loud"],
        &["--http-timeout", "soon"],
        &["--ping-interval", "often"],
        &["--ping-timeout="],
        &["--websocket_timeout", "long"],
        &["--websocket_connect_timeout=x"],
        &["--websocket-max-message-size", "big"],
        &["--websocket-max-frame-size", "big"],
        &["--application-close-timeout", "x"],
        &["--no-server-name=x"],
        &["--proxy-headers=yes"],
    ];
    refused(&lines);
}

#[test]
fn where_daphne_ends_in_a_traceback_we_call_it_bad_usage() {
    // Its 1 is that of an exception nobody caught.
    for args in [
        &["--proxy-headers-host", "X-Real-IP"][..],
        &["--proxy-headers-port", "X-Real-Port"],
        &["--verbosity", "4"],
        &["--log-fmt", "no attribute at all"],
        &["--endpoint", "nonsense:1"],
    ] {
        assert_eq!(statuses(args), [Some(1), Some(2)], "{args:?}");
    }
}

#[test]
fn a_listener_that_cannot_be_had_is_status_1() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("bound").port();
    let port_flag = port.to_string();
    let endpoint = format!("tcp:{port}:interface=127.0.0.1");
    for args in [
        &["-p", &port_flag][..],
        &["-u", "/nonexistent/site.sock"],
        &["-e", &endpoint],
    ] {
        assert_eq!(statuses(args), [Some(1), Some(1)], "{args:?}");
    }
}

/// Sends a request on `stream`; the response's text, once there is one.
fn ask(mut stream: impl Read + Write) -> Option<String> {
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    text.starts_with("HTTP/1.1").then_some(text)
}

fn tcp(port: u16) -> Option<String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(SOON)).ok()?;
    ask(stream)
}

fn unix(path: &Path) -> Option<String> {
    let stream = UnixStream::connect(path).ok()?;
    stream.set_read_timeout(Some(SOON)).ok()?;
    ask(stream)
}

/// Each serves in its turn what `reach` gets, and ends with 0 when it is asked to.
fn serve(args: &[&str], reach: impl Fn() -> Option<String>) -> [String; 2] {
    // One after the other: they listen at the same place.
    let both = Both::new();
    let served = |mut process: Process, terminate: bool| {
        let mut response = None;
        wait_until("it serves", SOON, || {
            let ended = process.exit_status();
            assert!(ended.is_none(), "{args:?} {ended:?} {}", process.output());
            response = reach();
            response.is_some()
        });
        if terminate {
            process.terminate();
        } else {
            process.interrupt();
        }
        let status = process.wait_exit(SOON);
        assert_eq!(status.code(), Some(0), "{args:?} {}", process.output());
        response.expect("there is one")
    };
    [
        served(both.daphne(args), true),
        served(both.laureola(args), args.len().is_multiple_of(2)),
    ]
}

#[test]
fn every_flag_of_daphnes_is_taken_in_both_spellings() {
    let port = free_port();
    let flags = [
        ("--bind", "127.0.0.1".to_owned()),
        ("--port", port.to_string()),
        ("--verbosity", "0".to_owned()),
        ("--http-timeout", "5".to_owned()),
        ("--access-log", "-".to_owned()),
        ("--log-fmt", "%(levelname)s %(message)s".to_owned()),
        ("--ping-interval", "1".to_owned()),
        ("--ping-timeout", "2".to_owned()),
        ("--websocket_timeout", "-1".to_owned()),
        ("--websocket_connect_timeout", "3".to_owned()),
        ("--websocket-max-message-size", "0".to_owned()),
        ("--websocket-max-frame-size", "100".to_owned()),
        ("--application-close-timeout", "1".to_owned()),
        ("--root-path", "/site".to_owned()),
        ("--proxy-headers-host", "X-Real-IP".to_owned()),
        ("--proxy-headers-port", "X-Real-Port".to_owned()),
        ("--server-name", "somebody".to_owned()),
    ];
    let apart: Vec<&str> = flags
        .iter()
        .flat_map(|(name, value)| [*name, value.as_str()])
        .collect();
    let joined: Vec<String> = flags
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let joined: Vec<&str> = joined.iter().map(String::as_str).collect();
    for args in [apart, joined] {
        for response in serve(&[&["--proxy-headers"], &args[..]].concat(), || tcp(port)) {
            assert!(response.contains(" 200 "), "{response}");
            assert!(response.to_lowercase().contains("server: somebody"), "{response}");
        }
    }
}

#[test]
fn short_flags_and_endpoints_add_up() {
    let directory = TempDir::new().expect("a directory");
    let path = directory.path().join("site.sock");
    let (one, other) = (free_port(), free_port());
    let endpoint = format!("tcp:{other}:interface=127.0.0.1");
    let port = one.to_string();
    let socket = path.to_str().expect("UTF-8");
    let args = [
        "-v",
        "1",
        "-t",
        "5",
        "-p",
        &port,
        "-u",
        socket,
        "-e",
        &endpoint,
        "-s",
        "x",
        "--no-server-name",
    ];
    let all = || Some([tcp(one)?, unix(&path)?, tcp(other)?].join("\n\n"));
    for response in serve(&args, all) {
        assert_eq!(response.matches("HTTP/1.1 200").count(), 3, "{response}");
        assert!(!response.to_lowercase().contains("server:"), "{response}");
    }
}

#[test]
fn an_inherited_descriptor_is_listened_on() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    fcntl_setfd(&listener, FdFlags::empty()).expect("children inherit it");
    let fd = listener.as_raw_fd().to_string();
    for response in serve(&["--fd", &fd], || tcp(port)) {
        assert!(response.contains(" 200 "), "{response}");
    }
}
