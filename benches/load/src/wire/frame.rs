//! WebSocket frames (RFC 6455 §5.2): read in place, written into a buffer.

use thiserror::Error;

/// What a frame carries, by its opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opcode {
    /// More of the message before.
    Continuation,
    /// A text, or its first part.
    Text,
    /// Bytes, or their first part.
    Binary,
    /// The end of the connection.
    Close,
    /// To be answered with a pong.
    Ping,
    /// The answer to a ping.
    Pong,
}

/// A frame's header, and where its payload stands in the bytes that were given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it carries.
    pub opcode: Opcode,
    /// Where the payload starts.
    pub start: usize,
    /// Where the next frame starts.
    pub end: usize,
}

/// Bytes that no server may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A reserved bit without an extension that was negotiated.
    #[error("the server set a reserved bit: it uses an extension that was not offered")]
    Reserved,
    /// Only clients mask.
    #[error("the server sent a masked frame")]
    Masked,
    /// An opcode the RFC does not define.
    #[error("the server sent a frame with the unknown opcode {0}")]
    Opcode(u8),
}

/// The header at the start of `bytes`; `None` until all of it is there. The payload may not be:
/// compare [`Header::end`].
///
/// # Errors
/// [`FrameError`], for what a server may not send to a client that offered no extension.
#[inline]
pub fn header(bytes: &[u8]) -> Result<Option<Header>, FrameError> {
    let &[first, second, ..] = bytes else {
        return Ok(None);
    };
    if first & 0x70 != 0 {
        return Err(FrameError::Reserved);
    }
    if second & 0x80 != 0 {
        return Err(FrameError::Masked);
    }
    let opcode = match first & 0x0f {
        0 => Opcode::Continuation,
        1 => Opcode::Text,
        2 => Opcode::Binary,
        8 => Opcode::Close,
        9 => Opcode::Ping,
        10 => Opcode::Pong,
        other => return Err(FrameError::Opcode(other)),
    };
    let (start, length) = match second {
        126 => match bytes {
            [_, _, high, low, ..] => (4, usize::from(u16::from_be_bytes([*high, *low]))),
            _ => return Ok(None),
        },
        127 => match bytes.get(2..10).and_then(|length| length.try_into().ok()) {
            Some(length) => (
                10,
                usize::try_from(u64::from_be_bytes(length)).unwrap_or(usize::MAX),
            ),
            None => return Ok(None),
        },
        length => (2, usize::from(length)),
    };
    Ok(Some(Header {
        opcode,
        start,
        end: start.saturating_add(length),
    }))
}

/// Appends the header of a client's frame: final, masked with zeros, so that the payload follows as it is.
/// (Unmasking with zeros costs a server what any mask does.)
pub fn put_header(out: &mut Vec<u8>, opcode: Opcode, length: usize) {
    let code = match opcode {
        Opcode::Continuation => 0,
        Opcode::Text => 1,
        Opcode::Binary => 2,
        Opcode::Close => 8,
        Opcode::Ping => 9,
        Opcode::Pong => 10,
    };
    out.push(0x80 | code);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length), _) if length < 126 => out.push(0x80 | length),
        (_, Ok(length)) => {
            out.push(0x80 | 126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
}

/// Appends a client's whole frame.
pub fn put(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    put_header(out, opcode, payload.len());
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_whole_or_none() {
        let frame = [0x81, 126, 1, 0];
        for length in 0..4 {
            assert_eq!(header(&frame[..length]), Ok(None));
        }
        let whole = header(&frame).unwrap().unwrap();
        assert_eq!((whole.opcode, whole.start, whole.end), (Opcode::Text, 4, 260));
        let long = [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0];
        assert_eq!(header(&long[..9]), Ok(None));
        assert_eq!(header(&long).unwrap().unwrap().end, 10 + 65_536);
    }

    #[test]
    fn what_a_server_may_not_send_is_an_error() {
        assert_eq!(header(&[0xc1, 0]), Err(FrameError::Reserved));
        assert_eq!(header(&[0x81, 0x80]), Err(FrameError::Masked));
        assert_eq!(header(&[0x83, 0]), Err(FrameError::Opcode(3)));
    }

    #[test]
    fn lengths_are_written_in_the_shortest_form() {
        for (length, header) in [(125, 6), (126, 8), (65_535, 8), (65_536, 14)] {
            let mut out = Vec::new();
            put(&mut out, Opcode::Text, &vec![b'x'; length]);
            assert_eq!(out.len(), header + length);
        }
    }
}
