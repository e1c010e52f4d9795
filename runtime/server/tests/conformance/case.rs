//! A case: what a client sends after its handshake, and what has to come of it.

use laureola_asgi::Payload;
use laureola_testkit::{Frame, RawHttp, WebSocket};

use crate::server::{DEADLINE, Running};

pub(crate) struct Case {
    name: String,
    /// Sent first, and what comes back, which is waited for: what an application answers races with
    /// the connection's end.
    first: Vec<u8>,
    answers: Vec<u8>,
    /// Sent then, and what comes back up to the end of the connection.
    then: Vec<u8>,
    ends: Vec<u8>,
    close: Close,
    /// The client ends its side behind all that.
    finishes: bool,
    messages: Vec<Payload>,
    /// Of the application's one disconnect event.
    code: u16,
}

/// The last thing the server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Close {
    /// No close frame.
    None,
    /// One without a code.
    Empty,
    /// One with this code, whatever it gives as its reason.
    Code(u16),
}

impl Case {
    /// A client that sends what it may, has its answers, and then closes with 1000.
    pub(crate) fn good(name: impl Into<String>, sends: impl Into<Vec<u8>>) -> Self {
        Self::ends(name, Frame::close(1000, "").encode(), 1000)
            .closes(1000)
            .after(sends)
    }

    /// A client that has itself closed with `code`.
    pub(crate) fn bad(name: impl Into<String>, sends: impl Into<Vec<u8>>, code: u16) -> Self {
        Self::ends(name, sends, code).closes(code)
    }

    /// A client of which the application sees the last with `code`.
    pub(crate) fn ends(name: impl Into<String>, sends: impl Into<Vec<u8>>, code: u16) -> Self {
        Self {
            name: name.into(),
            first: Vec::new(),
            answers: Vec::new(),
            then: sends.into(),
            ends: Vec::new(),
            close: Close::None,
            finishes: false,
            messages: Vec::new(),
            code,
        }
    }

    /// Has these bytes sent before, and answered.
    pub(crate) fn after(mut self, sends: impl Into<Vec<u8>>) -> Self {
        self.first = sends.into();
        self
    }

    /// The server's last frame is a close.
    pub(crate) fn closes(mut self, code: u16) -> Self {
        self.close = Close::Code(code);
        self
    }

    /// The server's last frame is a close without a code.
    pub(crate) fn closes_without_code(mut self) -> Self {
        self.close = Close::Empty;
        self
    }

    /// The client ends its side.
    pub(crate) fn finishing(mut self) -> Self {
        self.finishes = true;
        self
    }

    /// A message of the first part comes through, and back.
    pub(crate) fn echoes(mut self, payload: impl Into<Payload>) -> Self {
        let payload = payload.into();
        let frame = match &payload {
            Payload::Text(text) => server_frame(0x81, text.as_bytes()),
            Payload::Binary(bytes) => server_frame(0x82, bytes),
            Payload::Frame(_) => unreachable!("no case has one"),
        };
        self.answers.extend(frame);
        self.messages.push(payload);
        self
    }

    /// A ping of the first part is answered.
    pub(crate) fn pongs(mut self, payload: impl AsRef<[u8]>) -> Self {
        self.answers.extend(server_frame(0x8a, payload.as_ref()));
        self
    }

    /// A ping of the last part is answered.
    pub(crate) fn pongs_then(mut self, payload: impl AsRef<[u8]>) -> Self {
        self.ends.extend(server_frame(0x8a, payload.as_ref()));
        self
    }
}

/// Runs every case against one server, whole and in pieces.
#[track_caller]
pub(crate) fn run(cases: &[Case], server: &Running, headers: &[(&str, &str)]) {
    for (number, case) in cases.iter().enumerate() {
        let length = case.first.len() + case.then.len();
        let step = if length < 2000 { 1 } else { 4099 };
        for piece in [usize::MAX, step] {
            let path = format!("/{number}/{piece}");
            run_one(case, server, &path, headers, piece);
        }
        server.assert_serves();
    }
    println!("{} cases, each whole and in pieces", cases.len());
}

#[track_caller]
fn run_one(case: &Case, server: &Running, path: &str, headers: &[(&str, &str)], piece: usize) {
    let what = format!("{}, in pieces of {piece}", case.name);
    let mut client = RawHttp::connect(server.port);
    client.write(WebSocket::handshake(server.port, path, headers));
    let head = client.read_head(DEADLINE).expect("a response");
    assert_eq!(head.status, 101, "{what}");
    for piece in case.first.chunks(piece) {
        client.write(piece);
    }
    let answers = client.read_bytes(case.answers.len(), DEADLINE);
    assert!(answers == case.answers, "{what}: {answers:x?}");
    for piece in case.then.chunks(piece) {
        // The server may have had enough of it.
        if !client.try_write(piece) {
            break;
        }
    }
    if case.finishes {
        client.finish();
    }
    let last = client.read_to_end(DEADLINE);
    let (ends, close) = last.split_at(case.ends.len().min(last.len()));
    assert_eq!(ends, case.ends, "{what}");
    assert_eq!(close_of(close, &what), case.close, "{what}");
    let seen = server.seen(path);
    assert!(seen.messages == case.messages, "{what}: {seen:?}");
    assert_eq!(seen.disconnects, [case.code], "{what}");
}

/// Reads a close frame behind which nothing stands.
#[track_caller]
fn close_of(bytes: &[u8], what: &str) -> Close {
    match bytes {
        [] => Close::None,
        [0x88, 0] => Close::Empty,
        [0x88, length, high, low, reason @ ..]
            if usize::from(*length) == reason.len() + 2 && *length <= 125 =>
        {
            std::str::from_utf8(reason).expect("a reason is UTF-8");
            Close::Code(u16::from_be_bytes([*high, *low]))
        }
        _ => panic!("{what}: the last thing sent is no close frame: {bytes:x?}"),
    }
}

/// A frame as a server has to send it: not masked, its length in the shortest form.
fn server_frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Frame::new(first & 0x0f, payload);
    frame.masked = false;
    frame.encode()
}

/// A client's frame with this first byte.
pub(crate) fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let mut bytes = Frame::new(first & 0x0f, payload.as_ref()).encode();
    bytes[0] = first;
    bytes
}

/// A client's frame with this key.
pub(crate) fn keyed(first: u8, payload: &[u8], key: [u8; 4]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).expect("a short one");
    assert!(length < 126);
    let masked = payload
        .iter()
        .zip(key.iter().cycle())
        .map(|(byte, key)| byte ^ key);
    [first, 0x80 | length]
        .into_iter()
        .chain(key)
        .chain(masked)
        .collect()
}

/// Bytes as a message.
pub(crate) fn binary(bytes: impl Into<Vec<u8>>) -> Payload {
    Payload::Binary(bytes.into().into())
}
