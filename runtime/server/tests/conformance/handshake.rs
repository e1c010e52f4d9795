//! The opening handshake (RFC 6455 §4.2), each request on a connection of its own.

use laureola_testkit::{RawHttp, WebSocket};

use crate::server::{DEADLINE, Running};

const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// What is changed in a good request (a part of it, and what stands there instead), and the status.
const CHANGES: [(&str, &str, &str, u16); 58] = [
    ("nothing", "", "", 101),
    ("a query", "GET / ", "GET /?a=b&c ", 101),
    ("another path", "GET / ", "GET /caf%C3%A9 ", 101),
    (
        "names in lower case",
        "Upgrade: websocket",
        "upgrade: websocket",
        101,
    ),
    (
        "names in upper case",
        "Sec-WebSocket-Version",
        "SEC-WEBSOCKET-VERSION",
        101,
    ),
    (
        "the upgrade in upper case",
        "Upgrade: websocket",
        "Upgrade: WEBSOCKET",
        101,
    ),
    (
        "the option in lower case",
        "Connection: Upgrade",
        "Connection: upgrade",
        101,
    ),
    (
        "the option in a list",
        "Connection: Upgrade",
        "Connection: keep-alive, Upgrade",
        101,
    ),
    (
        "the option first in a list",
        "Connection: Upgrade",
        "Connection: Upgrade,keep-alive",
        101,
    ),
    (
        "two Connection headers",
        "Connection: Upgrade",
        "Connection: keep-alive\r\nConnection: Upgrade",
        101,
    ),
    (
        "the upgrade in a list",
        "Upgrade: websocket",
        "Upgrade: h2c, websocket",
        101,
    ),
    ("space around values", "Version: 13", "Version: \t 13 \t", 101),
    ("no Origin", "Origin: ", "X-Origin: ", 101),
    ("a foreign Origin", "Origin: http", "Origin: https", 101),
    (
        "extensions nobody speaks",
        KEY,
        "Sec-WebSocket-Extensions: x-zip; level=9, y\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        101,
    ),
    (
        "empty extensions",
        KEY,
        "Sec-WebSocket-Extensions:\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        101,
    ),
    (
        "a key of zeros",
        "dGhlIHNhbXBsZSBub25jZQ==",
        "AAAAAAAAAAAAAAAAAAAAAA==",
        101,
    ),
    (
        "a key with signs",
        "dGhlIHNhbXBsZSBub25jZQ==",
        "+/+/+/+/+/+/+/+/+/+/+w==",
        101,
    ),
    ("POST", "GET ", "POST ", 400),
    ("HEAD", "GET ", "HEAD ", 400),
    ("PUT", "GET ", "PUT ", 400),
    ("OPTIONS", "GET ", "OPTIONS ", 400),
    ("DELETE", "GET ", "DELETE ", 400),
    ("a method in lower case", "GET ", "get ", 400),
    ("HTTP/1.0", "HTTP/1.1", "HTTP/1.0", 400),
    ("no Host", "Host: ", "X-Host: ", 400),
    ("an empty Host", "Host: 127.0.0.1:", "Host:\r\nX: ", 400),
    ("two Hosts", "Host: ", "Host: example.org\r\nHost: ", 400),
    ("no option", "Connection: Upgrade\r\n", "", 400),
    ("another option", "Connection: Upgrade", "Connection: close", 400),
    (
        "a longer option",
        "Connection: Upgrade",
        "Connection: Upgrades",
        400,
    ),
    (
        "a quoted option",
        "Connection: Upgrade",
        "Connection: \"Upgrade\"",
        400,
    ),
    ("no version", "Sec-WebSocket-Version: 13\r\n", "", 400),
    (
        "two versions",
        "Version: 13",
        "Version: 13\r\nSec-WebSocket-Version: 13",
        400,
    ),
    ("no key", KEY, "", 400),
    ("an empty key", "dGhlIHNhbXBsZSBub25jZQ==", "", 400),
    (
        "a key of 15 bytes",
        "dGhlIHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25j",
        400,
    ),
    (
        "a key of 17 bytes",
        "dGhlIHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25jZWU=",
        400,
    ),
    (
        "a key of 18 bytes",
        "dGhlIHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25jZWVl",
        400,
    ),
    (
        "a key without its padding",
        "dGhlIHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25jZQ",
        400,
    ),
    (
        "a key of one padding",
        "dGhlIHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25jZQ=",
        400,
    ),
    (
        "a key that is no base64",
        "dGhlIHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25j!Q==",
        400,
    ),
    (
        "a key of another alphabet",
        "dGhlIHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25j_Q==",
        400,
    ),
    (
        "a key with a space in it",
        "dGhlIHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBs ZSBub25jZQ=",
        400,
    ),
    (
        "two keys",
        KEY,
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        400,
    ),
    ("a body", "\r\n\r\n", "\r\nContent-Length: 3\r\n\r\nabc", 400),
    (
        "a chunked body",
        "\r\n\r\n",
        "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    (
        "extensions that break the grammar",
        KEY,
        "Sec-WebSocket-Extensions: a b\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        400,
    ),
    (
        "an extension without a name",
        KEY,
        "Sec-WebSocket-Extensions: ;x\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        400,
    ),
    (
        "a folded header",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Version:\r\n 13",
        400,
    ),
    ("version 0", "Version: 13", "Version: 0", 426),
    ("version 8", "Version: 13", "Version: 8", 426),
    ("version 12", "Version: 13", "Version: 12", 426),
    ("version 14", "Version: 13", "Version: 14", 426),
    ("version 013", "Version: 13", "Version: 013", 426),
    ("a version in words", "Version: 13", "Version: thirteen", 426),
    ("a list of versions", "Version: 13", "Version: 13, 8", 426),
    (
        "no upgrade: a request like any other",
        "Upgrade: websocket\r\n",
        "",
        200,
    ),
];

/// A subprotocol that is taken, one in a list, and two headers.
const SUBPROTOCOLS: [(&str, &str); 3] = [
    ("Sec-WebSocket-Protocol: chat\r\n", "chat"),
    ("Sec-WebSocket-Protocol: chat.v2, chat\r\n", "chat.v2"),
    (
        "Sec-WebSocket-Protocol: one\r\nSec-WebSocket-Protocol: two\r\n",
        "one",
    ),
];

pub(crate) const fn count() -> usize {
    CHANGES.len() + SUBPROTOCOLS.len()
}

#[test]
fn section_4_2_opening_handshake() {
    let server = Running::start(|builder| builder);
    let good = WebSocket::handshake(server.port, "/", &[]);
    for (name, part, instead, status) in CHANGES {
        assert!(good.contains(part), "{name}");
        let request = good.replacen(part, instead, 1);
        for piece in [usize::MAX, 1] {
            let mut client = RawHttp::connect(server.port);
            for piece in request.as_bytes().chunks(piece) {
                if !client.try_write(piece) {
                    break;
                }
            }
            let head = client.read_head(DEADLINE).expect("a response");
            assert_eq!(head.status, status, "{name}");
            match status {
                101 => {
                    assert_eq!(head.header("upgrade"), Some("websocket"), "{name}");
                    assert_eq!(head.header("connection"), Some("Upgrade"), "{name}");
                    if request.contains(KEY) {
                        assert_eq!(head.header("sec-websocket-accept"), Some(ACCEPT), "{name}");
                    }
                    for absent in [
                        "sec-websocket-extensions",
                        "sec-websocket-protocol",
                        "content-length",
                    ] {
                        assert_eq!(head.header(absent), None, "{name}");
                    }
                }
                426 => {
                    assert_eq!(head.header("sec-websocket-version"), Some("13"), "{name}");
                    assert_eq!(head.header("upgrade"), Some("websocket"), "{name}");
                    assert_eq!(head.header("connection"), Some("upgrade, close"), "{name}");
                }
                400 => assert_eq!(head.header("connection"), Some("close"), "{name}"),
                _ => {}
            }
        }
        server.assert_serves();
    }
    for (header, taken) in SUBPROTOCOLS {
        let request = good.replacen("\r\n\r\n", &format!("\r\n{header}\r\n"), 1);
        let mut client = RawHttp::connect(server.port);
        client.write(request);
        let head = client.read_head(DEADLINE).expect("a response");
        assert_eq!(
            (head.status, head.header("sec-websocket-protocol")),
            (101, Some(taken)),
            "{header}"
        );
    }
    println!("{} cases, each whole and byte by byte", count());
}
