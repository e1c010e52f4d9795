//! The opening handshake (RFC 6455 §4), from the client's side.

use std::fmt::Write as _;

use thiserror::Error;

use crate::target::Target;

/// One key for all: it only keeps caches from answering, and a server hashes any key at the same cost.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// What RFC 6455 §1.3 says a server makes of [`KEY`].
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const MAX_HEAD: usize = 64 * 1024;

/// Why a handshake failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// Another status than 101.
    #[error("the server refused the handshake: {0}")]
    Refused(String),
    /// Not the answer to our key.
    #[error("the server's sec-websocket-accept is missing or wrong")]
    Accept,
    /// No end in sight.
    #[error("the server's response head is longer than 64 KiB")]
    TooLong,
}

/// The request for `path` on `target`; `headers` are complete lines without their end.
#[must_use]
pub fn request(target: &Target, path: &str, headers: &[String]) -> Vec<u8> {
    let mut text = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n",
        target.authority
    );
    for header in headers {
        let _ = write!(text, "{header}\r\n");
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// The length of the response's head at the start of `bytes`; `None` until all of it is there.
///
/// # Errors
/// [`HandshakeError`]: the server does not want this connection, or is none for WebSockets.
pub fn response(bytes: &[u8]) -> Result<Option<usize>, HandshakeError> {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else {
        return if bytes.len() > MAX_HEAD {
            Err(HandshakeError::TooLong)
        } else {
            Ok(None)
        };
    };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("101") {
        return Err(HandshakeError::Refused(status.to_owned()));
    }
    let accepted = lines
        .filter_map(|line| line.split_once(':'))
        .any(|(name, value)| name.eq_ignore_ascii_case("sec-websocket-accept") && value.trim() == ACCEPT);
    if accepted {
        Ok(Some(end + 4))
    } else {
        Err(HandshakeError::Accept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        SEC-WEBSOCKET-ACCEPT: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x00";

    #[test]
    fn a_good_answer_ends_where_the_frames_begin() {
        assert_eq!(response(GOOD), Ok(Some(GOOD.len() - 2)));
        assert_eq!(response(&GOOD[..GOOD.len() - 3]), Ok(None));
    }

    #[test]
    fn a_refusal_says_its_status() {
        let refused = response(b"HTTP/1.1 403 Forbidden\r\n\r\n").unwrap_err();
        assert_eq!(
            refused,
            HandshakeError::Refused("HTTP/1.1 403 Forbidden".to_owned())
        );
        assert_eq!(
            response(b"HTTP/1.1 101 Fine\r\n\r\n"),
            Err(HandshakeError::Accept)
        );
    }
}
