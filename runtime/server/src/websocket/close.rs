//! Close frames and codes (RFC 6455 §5.5.1, §7.4).

use bytes::{BufMut, Bytes, BytesMut};
use laureola_asgi::CloseCode;

/// The close is complete and said nothing of its cause.
pub(crate) const NORMAL: CloseCode = 1000;
/// The client broke the protocol.
pub(crate) const PROTOCOL: CloseCode = 1002;
/// Not on the wire: the client's close frame had no code.
pub(crate) const NO_CODE: CloseCode = 1005;
/// Not on the wire: the connection ended without a close frame.
pub(crate) const BROKEN: CloseCode = 1006;
/// The client sent text that is not UTF-8.
pub(crate) const NOT_UTF8: CloseCode = 1007;
/// The client's message was too big.
pub(crate) const TOO_BIG: CloseCode = 1009;
/// The application failed.
pub(crate) const FAILED: CloseCode = 1011;
/// The server goes away and, as like as not, comes back.
pub(crate) const RESTART: CloseCode = 1012;

/// The client takes what is sent to it too slowly: "try again later".
pub(crate) const SLOW: CloseCode = 1013;

/// First byte of a close frame: FIN and its opcode.
const FIRST: u8 = 0x88;
/// A control frame holds 125 bytes, the code takes two.
const MAX_REASON: usize = 123;

/// Whether `code` may stand in a close frame.
pub(crate) fn is_sendable(code: CloseCode) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// A server's close frame. `reason` is cut at a character's border.
pub(crate) fn frame(code: CloseCode, reason: &str) -> Bytes {
    let reason = &reason.as_bytes()[..reason.floor_char_boundary(MAX_REASON)];
    let mut frame = BytesMut::with_capacity(4 + reason.len());
    frame.put_u8(FIRST);
    frame.put_u8(u8::try_from(2 + reason.len()).expect("at most 125"));
    frame.put_u16(code);
    frame.put_slice(reason);
    frame.freeze()
}

/// A close frame without a code: the answer to one.
pub(crate) const EMPTY: Bytes = Bytes::from_static(&[FIRST, 0]);

/// What the server says beside a code of its own.
pub(crate) const fn reason_of(code: CloseCode) -> &'static str {
    match code {
        SLOW => "slow consumer",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_cut_at_a_characters_border() {
        assert_eq!(frame(1000, "")[..], [0x88, 2, 0x03, 0xe8]);
        assert_eq!(frame(4001, "bye")[..], [0x88, 5, 0x0f, 0xa1, b'b', b'y', b'e']);
        for (reason, length) in [
            ("x".repeat(123), 123),
            ("x".repeat(124), 123),
            ("é".repeat(62), 122),
        ] {
            let frame = frame(1000, &reason);
            assert_eq!(usize::from(frame[1]), 2 + length);
            assert_eq!(frame.len(), 4 + length);
            assert!(std::str::from_utf8(&frame[4..]).is_ok());
        }
    }

    #[test]
    fn codes_that_must_not_be_sent_are_known() {
        for code in [999, 1004, 1005, 1006, 1015, 1016, 2999, 5000] {
            assert!(!is_sendable(code), "{code}");
        }
        for code in [1000, 1001, 1011, 1012, 3000, 4999] {
            assert!(is_sendable(code), "{code}");
        }
    }
}
