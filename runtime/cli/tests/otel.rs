//! Spans reach an OpenTelemetry collector, in the traces of the clients that sent the requests.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use laureola_testkit::{Process, RawHttp, wait_until};

const SOON: Duration = Duration::from_secs(20);

/// A field of a protobuf message that has bytes.
fn field(mut message: &[u8], wanted: u64) -> Vec<&[u8]> {
    fn varint(message: &mut &[u8]) -> u64 {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = message[0];
            *message = &message[1..];
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        number
    }
    let mut found = Vec::new();
    while !message.is_empty() {
        let key = varint(&mut message);
        match key & 7 {
            0 => drop(varint(&mut message)),
            1 => message = &message[8..],
            2 => {
                let length = usize::try_from(varint(&mut message)).expect("small");
                let (bytes, rest) = message.split_at(length);
                if key >> 3 == wanted {
                    found.push(bytes);
                }
                message = rest;
            }
            5 => message = &message[4..],
            other => panic!("wire type {other}"),
        }
    }
    found
}

/// Trace, parent and name of a span.
type Span = (u128, u64, String);

/// `ExportTraceServiceRequest.resource_spans.scope_spans.spans`.
fn spans(request: &[u8]) -> Vec<Span> {
    let resources = field(request, 1);
    let scopes = resources.into_iter().flat_map(|resource| field(resource, 2));
    let spans = scopes.flat_map(|scope| field(scope, 2));
    spans
        .map(|span| {
            let one = |number| field(span, number).first().copied().unwrap_or_default();
            (
                u128::from_be_bytes(one(1).try_into().expect("16 bytes")),
                one(4).try_into().map_or(0, u64::from_be_bytes),
                String::from_utf8(one(5).to_vec()).expect("text"),
            )
        })
        .collect()
}

/// Takes what is exported until the test is over.
fn collector() -> (u16, mpsc::Receiver<Span>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut reader = BufReader::new(stream.expect("a connection"));
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).expect("a head") > 2 {
                assert!(
                    !line.starts_with("POST ") || line.starts_with("POST /v1/traces "),
                    "{line}"
                );
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a length");
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("a body");
            let answer = b"HTTP/1.0 200 OK\r\nContent-Type: application/x-protobuf\r\n\r\n";
            reader.get_mut().write_all(answer).expect("written");
            spans(&body).into_iter().for_each(|span| drop(sender.send(span)));
        }
    });
    (port, receiver)
}

#[test]
fn a_requests_span_is_the_child_of_the_clients() {
    let (collector, exported) = collector();
    let endpoint = format!("http://127.0.0.1:{collector}");
    // Where its chat's database is made.
    let place = tempfile::tempdir().expect("a directory");
    let mut laureola = Command::new(env!("CARGO_BIN_EXE_laureola"));
    laureola
        .current_dir(place.path())
        .args(["-p", "0", "--otel-endpoint", &endpoint]);
    let mut process = Process::spawn("laureola", &mut laureola);
    let mut port = 0;
    wait_until("laureola listens", SOON, || {
        let log = process.stderr();
        let place = log
            .split_once("listens on http://127.0.0.1:")
            .map(|(_, behind)| behind);
        port = place
            .and_then(|place| place.split('/').next()?.parse().ok())
            .unwrap_or(0);
        port > 0
    });
    let request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
        traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n";
    assert_eq!(
        RawHttp::exchange(port, request, SOON).expect("a response").status,
        200
    );
    assert_eq!(RawHttp::get(port, "/", SOON).status, 200);
    // What is left is sent at the end.
    process.terminate();
    assert!(process.wait_exit(SOON).success(), "{}", process.output());
    let spans =
        [exported.recv_timeout(SOON), exported.recv_timeout(SOON)].map(|span| span.expect("two spans"));
    let (trace, parent, name) = &spans[0];
    assert_eq!(*trace, 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
    assert_eq!(*parent, 0xb7ad_6b71_6920_3331);
    assert!(name.starts_with("GET"), "{name}");
    assert_eq!(spans[1].1, 0, "a trace of its own");
    assert_ne!(spans[1].0, *trace);
}
