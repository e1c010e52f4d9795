//! A WebSocket client that does only what the test says: it answers no ping, echoes no close.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use crate::http::HttpResponse;
use crate::raw_http::closes;
use crate::stream::Stream;

mod frame;

pub use frame::Frame;

/// How long a handshake may take; Daphne's own limit is 5 s.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(20);

/// The key of RFC 6455, section 1.3, and the reply that it demands: no SHA-1 is needed to check a server.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// An open WebSocket to a server on 127.0.0.1. Dropping it closes the TCP connection without a close frame.
#[derive(Debug)]
pub struct WebSocket {
    stream: Stream,
    response: HttpResponse,
    /// The fragments so far of a message that is not complete: its opcode and payload.
    partial: Option<(u8, Vec<u8>)>,
}

/// What arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A text message, fragments joined.
    Text(String),
    /// A binary message, fragments joined.
    Binary(Vec<u8>),
    /// A ping; answer it with [`WebSocket::send_frame`] if it shall be answered.
    Ping(Vec<u8>),
    /// A pong.
    Pong(Vec<u8>),
    /// A close frame; `code` is `None` if it was empty.
    Close {
        /// Why, as a number (RFC 6455, section 7.4).
        code: Option<u16>,
        /// Why, in words.
        reason: String,
    },
    /// The server ended or reset the connection.
    Eof,
}

impl WebSocket {
    /// Opens `ws://127.0.0.1:<port><path>`. An `Origin` of that very host is sent unless `headers` hold one.
    ///
    /// # Panics
    /// If the server does not accept.
    #[track_caller]
    pub fn connect(port: u16, path: &str, headers: &[(&str, &str)]) -> Self {
        Self::try_connect(port, path, headers)
            .unwrap_or_else(|response| panic!("{path} refused the WebSocket: {response:?}"))
    }

    /// Like [`connect`](Self::connect); the response, if the server refuses.
    ///
    /// # Panics
    /// If there is no response at all, or one that breaks the protocol.
    #[track_caller]
    pub fn try_connect(port: u16, path: &str, headers: &[(&str, &str)]) -> Result<Self, HttpResponse> {
        Self::handshake_raw(port, Self::handshake(port, path, headers))
    }

    /// Like [`try_connect`](Self::try_connect), to a server that may be away, or going.
    ///
    /// # Errors
    /// There is nobody, or they left in the middle of it.
    ///
    /// # Panics
    /// If an acceptance breaks the protocol.
    pub fn attempt(
        port: u16,
        path: &str,
        headers: &[(&str, &str)],
    ) -> io::Result<Result<Self, HttpResponse>> {
        Self::attempt_raw(port, Self::handshake(port, path, headers).as_bytes())
    }

    /// The request that [`connect`](Self::connect) sends, for tests that change it or append frames to it.
    pub fn handshake(port: u16, path: &str, headers: &[(&str, &str)]) -> String {
        let mut request = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n"
        );
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("origin"))
        {
            request += &format!("Origin: http://127.0.0.1:{port}\r\n");
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        request + "\r\n"
    }

    /// Sends `request` as it is and reads the response to it. Its key has to be that of [`handshake`](Self::handshake).
    ///
    /// # Panics
    /// If there is no response, or an acceptance that breaks the protocol.
    #[track_caller]
    pub fn handshake_raw(port: u16, request: impl AsRef<[u8]>) -> Result<Self, HttpResponse> {
        Self::attempt_raw(port, request.as_ref())
            .unwrap_or_else(|error| panic!("no response to the handshake: {error}"))
    }

    #[track_caller]
    fn attempt_raw(port: u16, request: &[u8]) -> io::Result<Result<Self, HttpResponse>> {
        let end = Instant::now() + HANDSHAKE_DEADLINE;
        let mut stream = Stream::connect(port)?;
        stream.write(request)?;
        let mut response = HttpResponse::read_head(&mut stream, end)?;
        if response.status != 101 {
            response.read_body(&mut stream, end)?;
            return Ok(Err(response));
        }
        let is = |name, value: &str| {
            response
                .header(name)
                .is_some_and(|have| have.eq_ignore_ascii_case(value))
        };
        let upgrades = is("upgrade", "websocket") && is("connection", "upgrade");
        let accepts = response.header("sec-websocket-accept") == Some(ACCEPT);
        assert!(
            upgrades && accepts,
            "the handshake's response breaks RFC 6455, section 4.2.2: {response:?}"
        );
        Ok(Ok(Self {
            stream,
            response,
            partial: None,
        }))
    }

    /// The server's response to the handshake.
    pub fn response(&self) -> &HttpResponse {
        &self.response
    }

    /// Our own port: what the server sees as the client's.
    pub fn local_port(&self) -> u16 {
        self.stream.local_port()
    }

    /// Sends a text message.
    ///
    /// # Panics
    /// If the connection is gone, as every `send_…` does.
    #[track_caller]
    pub fn send_text(&mut self, text: &str) {
        self.send_frame(&Frame::new(Frame::TEXT, text));
    }

    /// Sends `value` as a text message.
    #[track_caller]
    pub fn send_json(&mut self, value: &serde_json::Value) {
        self.send_text(&value.to_string());
    }

    /// Sends a binary message.
    #[track_caller]
    pub fn send_binary(&mut self, bytes: &[u8]) {
        self.send_frame(&Frame::new(Frame::BINARY, bytes));
    }

    /// Sends a close frame; the server's answer comes through [`recv`](Self::recv).
    #[track_caller]
    pub fn close(&mut self, code: u16) {
        self.send_frame(&Frame::close(code, ""));
    }

    /// Sends one frame.
    #[track_caller]
    pub fn send_frame(&mut self, frame: &Frame) {
        self.send_frame_raw(frame.encode());
    }

    /// Sends bytes as they are: frames that no [`Frame`] can describe.
    #[track_caller]
    pub fn send_frame_raw(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send_raw(bytes)
            .unwrap_or_else(|error| panic!("cannot send: {error}"));
    }

    /// Like [`send_frame_raw`](Self::send_frame_raw), for a connection that may be gone, or that nobody reads.
    pub fn try_send_raw(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write(bytes.as_ref())
    }

    /// The next message, control frame, or the end.
    ///
    /// # Panics
    /// If nothing arrives before `deadline`, or what arrives breaks RFC 6455.
    #[track_caller]
    pub fn recv(&mut self, deadline: Duration) -> Received {
        self.try_recv(deadline)
            .unwrap_or_else(|| panic!("nothing arrived on the WebSocket within {deadline:?}"))
    }

    /// The next message, which has to be text that holds JSON.
    #[track_caller]
    pub fn recv_json(&mut self, deadline: Duration) -> serde_json::Value {
        match self.recv(deadline) {
            Received::Text(text) => {
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{text:?} is not JSON: {error}"))
            }
            other => panic!("expected a text message, received {other:?}"),
        }
    }

    /// Like [`recv`](Self::recv), or `None` at the deadline; nothing that arrived in part is lost then.
    #[track_caller]
    pub fn try_recv(&mut self, deadline: Duration) -> Option<Received> {
        let end = Instant::now() + deadline;
        loop {
            let frame = match self.next_frame(end) {
                Ok(frame) => frame,
                Err(error) if error.kind() == ErrorKind::TimedOut => return None,
                Err(error) if closes(error.kind()) => return Some(Received::Eof),
                Err(error) => panic!("the WebSocket failed: {error}"),
            };
            assert!(
                !frame.masked && frame.rsv == 0,
                "a server's frame is unmasked and plain: {frame:?}"
            );
            if let Some(received) = self.understand(frame) {
                return Some(received);
            }
        }
    }

    fn next_frame(&mut self, end: Instant) -> io::Result<Frame> {
        loop {
            if let Some((frame, length)) = Frame::parse(self.stream.buffered()) {
                self.stream.take(length, end)?;
                return Ok(frame);
            }
            if self.stream.fill(end)? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// What the frame means, or `None` if its message is not complete.
    #[track_caller]
    fn understand(&mut self, frame: Frame) -> Option<Received> {
        let Frame {
            fin, opcode, payload, ..
        } = frame;
        if opcode >= Frame::CLOSE {
            assert!(fin && payload.len() <= 125, "a control frame is short and whole");
            return Some(control(opcode, payload));
        }
        let (opcode, message) = match (self.partial.take(), opcode) {
            (Some((opcode, mut message)), Frame::CONTINUATION) => {
                message.extend(payload);
                (opcode, message)
            }
            (None, Frame::TEXT | Frame::BINARY) => (opcode, payload),
            (partial, _) => panic!(
                "opcode {opcode:#x} does not fit: message under way: {}",
                partial.is_some()
            ),
        };
        if !fin {
            self.partial = Some((opcode, message));
            return None;
        }
        Some(match opcode {
            Frame::TEXT => Received::Text(String::from_utf8(message).expect("a text message is UTF-8")),
            _ => Received::Binary(message),
        })
    }
}

#[track_caller]
fn control(opcode: u8, payload: Vec<u8>) -> Received {
    match (opcode, payload.as_slice()) {
        (Frame::PING, _) => Received::Ping(payload),
        (Frame::PONG, _) => Received::Pong(payload),
        (Frame::CLOSE, []) => Received::Close {
            code: None,
            reason: String::new(),
        },
        (Frame::CLOSE, [high, low, reason @ ..]) => Received::Close {
            code: Some(u16::from_be_bytes([*high, *low])),
            reason: String::from_utf8(reason.to_vec()).expect("a close reason is UTF-8"),
        },
        _ => panic!("a control frame that RFC 6455 does not know: opcode {opcode:#x}, payload {payload:?}"),
    }
}
