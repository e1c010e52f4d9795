//! A request's head, as far as the floor looks at it, and what it answers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// The longest head; what has none by then is no client of ours.
pub(crate) const LONGEST: usize = 16 << 10;

/// The answer to a request without an upgrade.
pub(crate) const HELLO: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 13\r\n\r\nHello, world!";

const ROOMS: &str = "/ws/chat/";

/// What a request wants.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wish<'a> {
    Hello,
    Echo { key: &'a str },
    Room { name: &'a str, key: &'a str },
}

/// The first head in `bytes` and its length, once it is complete.
pub(crate) fn read(bytes: &[u8]) -> Option<(Wish<'_>, usize)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).unwrap_or_default();
    Some((wish(head), end + 4))
}

fn wish(head: &str) -> Wish<'_> {
    let mut lines = head.split("\r\n");
    let target = lines.next().and_then(|line| line.split(' ').nth(1));
    let path = target.and_then(|target| target.split('?').next()).unwrap_or("/");
    let key = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key")
            .then(|| value.trim())
    });
    match (key, path.strip_prefix(ROOMS)) {
        (None, _) => Wish::Hello,
        (Some(key), Some(room)) => Wish::Room {
            name: room.trim_end_matches('/'),
            key,
        },
        (Some(key), None) => Wish::Echo { key },
    }
}

/// The response that accepts a handshake (RFC 6455, section 4.2.2).
pub(crate) fn accept(key: &str) -> Vec<u8> {
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = STANDARD.encode(hash.finalize());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
         sec-websocket-accept: {accept}\r\n\r\n"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_what_its_client_wants() {
        let upgrade = "\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n";
        let cases = [
            ("GET / HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(), Wish::Hello),
            (format!("GET /echo HTTP/1.1{upgrade}"), Wish::Echo { key: "k" }),
            (
                format!("GET /ws/chat/lobby/?a=b HTTP/1.1{upgrade}"),
                Wish::Room {
                    name: "lobby",
                    key: "k",
                },
            ),
        ];
        for (head, expected) in cases {
            let more = format!("{head}GET");
            assert_eq!(read(more.as_bytes()), Some((expected, head.len())), "{head}");
            assert_eq!(read(&head.as_bytes()[..head.len() - 1]), None);
        }
    }

    #[test]
    fn the_key_of_the_specification_is_accepted_as_it_says() {
        let response = String::from_utf8(accept("dGhlIHNhbXBsZSBub25jZQ==")).unwrap();
        assert!(response.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{response}");
    }
}
