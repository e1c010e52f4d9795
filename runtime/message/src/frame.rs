//! [`Frame`]: a WebSocket frame built once and written to many sockets (RFC 6455 §5.2).

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::Serialize;

/// First byte: FIN and the opcode of text.
const TEXT: u8 = 0x81;
/// First byte: FIN and the opcode of binary data.
const BINARY: u8 = 0x82;
/// The longest header a server writes: two bytes and a length of 64 bits.
const MAX_HEADER: usize = 10;

/// One complete data frame as a server sends it: final, without mask, header and payload in one buffer.
///
/// A clone counts a reference, so all sockets of a group write the same bytes, and share its compressed forms
/// ([`Frame::deflated_once`]). No limit is set on the payload; the peer may have one.
///
/// ```
/// use laureola_message::Frame;
///
/// let frame = Frame::text("hi");
/// assert_eq!(frame.bytes()[..], *b"\x81\x02hi");
/// assert_eq!(frame.payload_str(), Some("hi"));
/// ```
#[derive(Clone)]
pub struct Frame(Arc<Inner>);

struct Inner {
    bytes: Bytes,
    /// Made by the first socket that wants one of them.
    deflated: OnceLock<Box<Deflated>>,
}

/// The compressed forms, by window; `None` where it is not worth it.
type Deflated = [OnceLock<Option<Bytes>>; WINDOWS];

/// The windows of [`Frame::deflated_once`]: 9 to 15 bits.
pub(crate) const WINDOWS: usize = 7;
pub(crate) const LEAST_WINDOW: u8 = 9;

/// A value could not be written as JSON: its own `Serialize` failed, or a map's key is no text.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the frame as json: {0}")]
pub struct FrameError(serde_json::Error);

impl Frame {
    /// A text frame. Copies the text behind its header.
    pub fn text(text: &str) -> Self {
        Self::copied(TEXT, text.as_bytes())
    }

    /// A binary frame. Copies the payload behind its header.
    pub fn binary(payload: &[u8]) -> Self {
        Self::copied(BINARY, payload)
    }

    /// A text frame that holds `value` as JSON, written straight behind the space for the header.
    ///
    /// Counterpart of `send_json`. Compact JSON (`{"a":1}`), non-ASCII as it is; floats that are not finite become `null`.
    pub fn text_json<T: Serialize + ?Sized>(value: &T) -> Result<Self, FrameError> {
        let mut buffer = Vec::with_capacity(MAX_HEADER + 118);
        buffer.resize(MAX_HEADER, 0);
        serde_json::to_writer(&mut buffer, value).map_err(FrameError)?;

        let (header, len) = Self::header(TEXT, buffer.len() - MAX_HEADER);
        let start = MAX_HEADER - len;
        buffer[start..MAX_HEADER].copy_from_slice(&header[..len]);
        Ok(Self::new(Bytes::from(buffer).slice(start..)))
    }

    fn new(bytes: Bytes) -> Self {
        Self(Arc::new(Inner {
            bytes,
            deflated: OnceLock::new(),
        }))
    }

    fn copied(first: u8, payload: &[u8]) -> Self {
        Self::new(Self::encode(first, payload))
    }

    /// The bytes of a frame that begins with `first`, for one socket only.
    pub fn encode(first: u8, payload: &[u8]) -> Bytes {
        let (header, len) = Self::header(first, payload.len());
        let mut buffer = Vec::with_capacity(len + payload.len());
        buffer.extend_from_slice(&header[..len]);
        buffer.extend_from_slice(payload);
        buffer.into()
    }

    /// The frame compressed for a window of `bits` (9 to 15), header and all, as one that stands alone (RFC 7692,
    /// `server_no_context_takeover`): made by the first socket that asks, for all that share the frame. `None` where
    /// `make` finds it not worth it.
    ///
    /// Cost: a frame nobody asks holds no place for it.
    ///
    /// # Panics
    /// If `bits` is out of range.
    pub fn deflated_once(&self, bits: u8, make: impl FnOnce(&Self) -> Option<Bytes>) -> Option<&Bytes> {
        let forms = self.0.deflated.get_or_init(Box::default);
        forms[usize::from(bits - LEAST_WINDOW)]
            .get_or_init(|| make(self))
            .as_ref()
    }

    /// Header and payload: what goes to the socket.
    pub fn bytes(&self) -> &Bytes {
        &self.0.bytes
    }

    /// The payload, sharing the frame's buffer.
    pub fn payload(&self) -> Bytes {
        self.0.bytes.slice(self.header_len()..)
    }

    /// The payload's length.
    pub fn payload_len(&self) -> usize {
        self.0.bytes.len() - self.header_len()
    }

    /// The payload of a text frame; `None` for binary ones. Cost: a check that it is UTF-8.
    pub fn payload_str(&self) -> Option<&str> {
        self.is_text().then(|| {
            std::str::from_utf8(&self.0.bytes[self.header_len()..]).expect("a text frame is made from text")
        })
    }

    /// Whether this is a text frame; it is a binary one otherwise.
    pub fn is_text(&self) -> bool {
        self.0.bytes[0] == TEXT
    }

    /// The header that begins with `first`, in the shortest form that holds the payload's length, as RFC 6455 demands,
    /// and how long it is.
    pub fn header(first: u8, payload: usize) -> ([u8; MAX_HEADER], usize) {
        let mut header = [0; MAX_HEADER];
        header[0] = first;
        let len = if payload < 126 {
            header[1] = payload as u8;
            2
        } else if let Ok(short) = u16::try_from(payload) {
            header[1] = 126;
            header[2..4].copy_from_slice(&short.to_be_bytes());
            4
        } else {
            header[1] = 127;
            header[2..10].copy_from_slice(&(payload as u64).to_be_bytes());
            10
        };
        (header, len)
    }

    fn header_len(&self) -> usize {
        match self.0.bytes[1] {
            127 => 10,
            126 => 4,
            _ => 2,
        }
    }
}

impl PartialEq for Frame {
    fn eq(&self, other: &Self) -> bool {
        self.0.bytes == other.0.bytes
    }
}

impl Eq for Frame {}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.payload_str() {
            Some(text) => f.debug_tuple("Text").field(&text).finish(),
            None => f.debug_tuple("Binary").field(&self.payload()).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn headers_take_the_shortest_form() {
        for (len, header) in [
            (0, vec![0x82, 0]),
            (1, vec![0x82, 1]),
            (125, vec![0x82, 125]),
            (126, vec![0x82, 126, 0, 126]),
            (65_535, vec![0x82, 126, 0xff, 0xff]),
            (65_536, vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let payload = vec![b'x'; len];
            let frame = Frame::binary(&payload);
            assert_eq!(frame.bytes()[..header.len()], header[..], "{len}");
            assert_eq!(frame.payload(), payload, "{len}");
            assert!(!frame.is_text());
            assert_eq!(frame.payload_str(), None);
        }
    }

    #[test]
    fn json_is_the_same_frame_as_its_text() {
        // The quotes make two bytes: both sides of every border.
        for len in [0, 122, 123, 124, 65_532, 65_533, 65_534, 100_000] {
            let value = "é".repeat(len / 2) + &"x".repeat(len % 2);
            let text = serde_json::to_string(&value).unwrap();
            assert_eq!(Frame::text_json(&value).unwrap(), Frame::text(&text), "{len}");
        }
        let frame = Frame::text_json(&BTreeMap::from([("message", "<b>")])).unwrap();
        assert_eq!(frame.payload_str(), Some(r#"{"message":"<b>"}"#));
    }

    #[test]
    fn values_that_are_no_json_are_refused() {
        let keys = BTreeMap::from([(vec![1], 1)]);
        let error = Frame::text_json(&keys).unwrap_err();
        assert!(
            error.to_string().starts_with("cannot write the frame as json: "),
            "{error}"
        );
    }

    #[test]
    fn a_compressed_form_is_made_once_for_every_clone_and_window() {
        let frame = Frame::text("hello");
        let clone = frame.clone();
        let form = Bytes::from_static(b"short");
        let made = frame.deflated_once(15, |_| Some(form.clone()));
        assert_eq!(made, Some(&form));
        assert_eq!(clone.deflated_once(15, |_| unreachable!()), Some(&form));
        assert_eq!(clone.deflated_once(9, |_| None), None);
        assert_eq!(frame.deflated_once(9, |_| unreachable!()), None);
        assert_eq!(size_of::<Frame>(), size_of::<usize>());
    }

    #[test]
    fn a_clone_and_the_payload_share_the_buffer() {
        let frame = Frame::text("hello");
        assert_eq!(frame.clone().bytes().as_ptr(), frame.bytes().as_ptr());
        assert_eq!(frame.payload().as_ptr(), frame.bytes()[2..].as_ptr());
        assert_eq!(format!("{frame:?}"), r#"Text("hello")"#);
    }
}
