//! A client that sends the very frames a test says.

use laureola_testkit::RawHttp;

use crate::support::DEADLINE;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PRIORITY: u8 = 2;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 1;
pub(super) const ACK: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

pub(super) const NO_ERROR: u32 = 0;
pub(super) const PROTOCOL_ERROR: u32 = 1;
pub(super) const CANCEL: u32 = 8;
pub(super) const CALM: u32 = 11;

/// A frame from the server.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    /// The error of a RST_STREAM or GOAWAY.
    pub(super) fn error(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().expect("four bytes"))
    }

    /// The status of a response, where it is one of the static table's, or a literal.
    pub(super) fn status(&self) -> u16 {
        assert_eq!(self.kind, HEADERS, "{self:?}");
        match self.payload[0] {
            0x88 => 200,
            0x89 => 204,
            0x8b => 304,
            0x8c => 400,
            0x8d => 404,
            0x8e => 500,
            // A literal with the indexed name `:status`, Huffman-coded or not.
            _ => match &self.payload[1..] {
                [0x03, digits @ ..] => String::from_utf8_lossy(&digits[..3]).parse().expect("a number"),
                [length, coded @ ..] => huffman_digits(&coded[..usize::from(length & 0x7f)]),
                [] => panic!("{self:?}"),
            },
        }
    }
}

/// Three digits (RFC 7541, appendix B): 0 to 2 have 5 bits, the others 6.
fn huffman_digits(coded: &[u8]) -> u16 {
    let mut bits = coded.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
    bits <<= 64 - 8 * coded.len();
    let mut number = 0;
    for _ in 0..3 {
        let top5 = u16::try_from(bits >> 59).expect("5 bits");
        let (digit, used) = if top5 <= 2 {
            (top5, 5)
        } else {
            (u16::try_from(bits >> 58).expect("6 bits") - 0x19 + 3, 6)
        };
        number = number * 10 + digit;
        bits <<= used;
    }
    number
}

/// A header block without compression.
pub(super) fn block(headers: &[(&str, &[u8])]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in headers {
        block.push(0);
        string(&mut block, name.as_bytes());
        string(&mut block, value);
    }
    block
}

fn string(block: &mut Vec<u8>, bytes: &[u8]) {
    if let Some(mut rest) = bytes.len().checked_sub(127) {
        block.push(127);
        while rest >= 128 {
            block.push(u8::try_from(rest % 128).expect("7 bits") | 128);
            rest /= 128;
        }
        block.push(u8::try_from(rest).expect("7 bits"));
    } else {
        block.push(u8::try_from(bytes.len()).expect("7 bits"));
    }
    block.extend_from_slice(bytes);
}

/// The block of a GET.
pub(super) fn get(path: &str) -> Vec<u8> {
    block(&[
        (":method", b"GET"),
        (":scheme", b"http"),
        (":authority", b"localhost"),
        (":path", path.as_bytes()),
    ])
}

/// The bytes of a frame.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .expect("a short payload")
        .to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// See the module's documentation.
pub(super) struct Raw(pub(super) RawHttp);

impl Raw {
    /// Sends the preface and empty SETTINGS.
    pub(super) fn connect(port: u16) -> Self {
        Self::with(port, &[])
    }

    /// Sends the preface and these SETTINGS.
    pub(super) fn with(port: u16, settings: &[(u16, u32)]) -> Self {
        let mut raw = Self(RawHttp::connect(port));
        raw.0.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        let mut payload = Vec::new();
        for (name, value) in settings {
            payload.extend(name.to_be_bytes());
            payload.extend(value.to_be_bytes());
        }
        raw.send(SETTINGS, 0, 0, &payload);
        raw
    }

    #[track_caller]
    pub(super) fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        self.0.write(frame(kind, flags, stream, payload));
    }

    /// The next frame.
    #[track_caller]
    pub(super) fn receive(&mut self) -> Frame {
        let head = self.0.read_bytes(9, DEADLINE);
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        Frame {
            kind: head[3],
            flags: head[4],
            stream: u32::from_be_bytes(head[5..9].try_into().expect("four bytes")),
            payload: self.0.read_bytes(length, DEADLINE),
        }
    }

    /// The next frame of a kind; others are passed over.
    #[track_caller]
    pub(super) fn receive_kind(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.receive();
            if frame.kind == kind {
                return frame;
            }
        }
    }

    /// Reads to the end of the connection; the error of the last GOAWAY.
    #[track_caller]
    pub(super) fn goaway(&mut self) -> Option<u32> {
        let bytes = self.0.read_to_end(DEADLINE);
        let (mut rest, mut error) = (&bytes[..], None);
        while let [a, b, c, kind, tail @ ..] = rest {
            let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
            let payload = &tail[5..5 + length];
            if *kind == GOAWAY {
                error = Some(u32::from_be_bytes(payload[4..8].try_into().expect("four bytes")));
            }
            rest = &tail[5 + length..];
        }
        error
    }
}
