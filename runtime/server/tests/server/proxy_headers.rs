//! Who the client is, where a proxy says so; beside Daphne's own reading of the same headers.

use std::process::Command;

use http::header::{HeaderMap, HeaderName};
use laureola_asgi::scope::Ends;
use laureola_asgi::{Address, AppError, Application, Command as Send, Connection, Event, Scope, app_fn};
use laureola_server::{ProxyHeaders, Trusted};
use laureola_testkit::{RawHttp, Received, WebSocket, peers};

use crate::support::{DEADLINE, Running, respond};

/// Says in a body, or a first message, what stands in the scope.
fn mirror() -> impl Application {
    app_fn(|mut connection: Connection| async move {
        let text = match &connection.scope {
            Scope::Http(scope) => describe(
                &scope.client,
                scope.scheme(),
                &scope.root_path,
                scope.parts.headers.len(),
            ),
            Scope::WebSocket(scope) => describe(
                &scope.client,
                scope.scheme(),
                &scope.root_path,
                scope.headers().len(),
            ),
            _ => String::new(),
        };
        if matches!(connection.scope, Scope::Http(_)) {
            return respond(&connection.send, http::StatusCode::OK, text).await;
        }
        connection.send.send(Send::accept()).await?;
        connection
            .send
            .send(Send::WebSocketSend(laureola_asgi::Payload::Text(text.into())))
            .await?;
        while !matches!(connection.receive.next().await, Event::WebSocketDisconnect { .. }) {}
        Ok::<_, AppError>(())
    })
}

fn describe(client: &Option<Address>, scheme: &str, root_path: &str, headers: usize) -> String {
    let client = client
        .as_ref()
        .map_or_else(|| "nobody".to_owned(), |client| client.host.to_string());
    format!("{client} {scheme} {root_path:?} {headers}")
}

fn get(port: u16, headers: &str) -> String {
    let request = format!("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    let response = RawHttp::exchange(port, request, DEADLINE).expect("a response");
    String::from_utf8(response.body).expect("text")
}

const FORWARDED: &str =
    "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\nDaphne-Root-Path: /app%2Fa\r\n";

#[test]
fn a_trusted_proxys_word_is_in_the_scope() {
    let server = Running::with(mirror(), |builder| {
        builder
            .proxy_headers(Some(ProxyHeaders::default()))
            .root_path("/own")
    });
    assert_eq!(get(server.port, FORWARDED), "192.0.2.7 https \"/app/a\" 4");
    assert_eq!(get(server.port, ""), "127.0.0.1 http \"/own\" 2");
    let headers = [
        ("X-Forwarded-For", "192.0.2.7"),
        ("X-Forwarded-Proto", "https"),
        ("Daphne-Root-Path", "/app"),
    ];
    let mut socket = WebSocket::connect(server.port, "/", &headers);
    let Received::Text(text) = socket.recv(DEADLINE) else {
        panic!("a text was expected");
    };
    assert!(text.starts_with("192.0.2.7 wss \"/app\""), "{text}");
}

#[test]
fn without_the_option_only_the_root_path_is_taken() {
    let server = Running::with(mirror(), |builder| builder);
    assert_eq!(get(server.port, FORWARDED), "127.0.0.1 http \"/app/a\" 4");
}

#[test]
fn nobody_else_is_believed() {
    let server = Running::with(mirror(), |builder| {
        let trusted: Trusted = "10.0.0.0/8".parse().expect("a network");
        builder
            .proxy_headers(Some(ProxyHeaders::default()))
            .trusted_proxies(trusted)
    });
    assert_eq!(get(server.port, FORWARDED), "127.0.0.1 http \"\" 4");
}

/// Reads lines of `for|port|proto` as Daphne does.
const DAPHNE: &str = r#"
import sys
from daphne.utils import parse_x_forwarded_for
for line in sys.argv[1:]:
    host, port, proto = line.split("|")
    headers = {}
    if host: headers[b"x-forwarded-for"] = [host.encode()]
    if port: headers[b"x-forwarded-port"] = [port.encode()]
    if proto: headers[b"x-forwarded-proto"] = [proto.encode()]
    (host, port), scheme = parse_x_forwarded_for(headers, original_addr=["127.0.0.1", 4], original_scheme="http")
    print(host, port, scheme)
"#;

#[test]
fn what_one_honest_proxy_says_is_read_as_by_daphne() {
    let cases = [
        "||",
        "192.0.2.1||",
        "192.0.2.1|80|",
        "192.0.2.1|80|https",
        "192.0.2.1|eighty|http",
        "2001:db8::1||https",
        "2001:db8::1|4711|",
        "|80|https",
        "192.0.2.1, 127.0.0.1||https",
    ];
    let output = Command::new(peers::python())
        .args(["-c", DAPHNE])
        .args(cases)
        .output()
        .expect("Python runs");
    let daphnes = String::from_utf8(output.stdout).expect("text");
    let ours = cases.iter().map(|case| {
        let mut headers = HeaderMap::new();
        let names = ["x-forwarded-for", "x-forwarded-port", "x-forwarded-proto"];
        for (name, value) in names.iter().zip(case.split('|')) {
            if !value.is_empty() {
                headers.insert(HeaderName::from_static(name), value.parse().expect("a value"));
            }
        }
        let peer = Address {
            host: "127.0.0.1".into(),
            port: Some(4),
        };
        let ends = Ends {
            client: Some(peer),
            ..Ends::default()
        };
        let told = ProxyHeaders::default().resolve(&headers, &ends, &Trusted::default());
        let client = told.client.expect("a client");
        let scheme = if told.secure { "https" } else { "http" };
        format!("{} {} {scheme}\n", client.host, client.port.expect("a port"))
    });
    assert_eq!(ours.collect::<String>(), daphnes);
    assert_eq!(daphnes.lines().count(), cases.len());
}
