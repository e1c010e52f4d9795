//! Events towards the application, and commands from it.

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use laureola_message::{Frame, Str};

use crate::exchange::Body;

/// A WebSocket close code (RFC 6455 §7.4).
pub type CloseCode = u16;

/// What a server tells an application (ASGI: the messages of `receive`).
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// `http.request`: a part of the request's body.
    HttpRequest {
        /// The bytes; may be empty.
        body: Bytes,
        /// Whether more parts follow.
        more_body: bool,
    },
    /// `http.disconnect`: the client has left, or the response is complete.
    HttpDisconnect,
    /// `websocket.connect`: the handshake waits for [`Command::WebSocketAccept`] or a close.
    WebSocketConnect,
    /// `websocket.receive`.
    WebSocketReceive(Payload),
    /// `websocket.disconnect`: the socket is closed. The last event; once per socket.
    WebSocketDisconnect {
        /// The client's close code; 1005 where it sent none, 1006 where the connection broke.
        code: CloseCode,
        /// The client's words, mostly empty.
        reason: Str,
    },
}

impl Event {
    /// Whether no event can follow this one.
    #[must_use]
    pub fn is_disconnect(&self) -> bool {
        matches!(self, Self::HttpDisconnect | Self::WebSocketDisconnect { .. })
    }
}

/// A WebSocket message's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A text message.
    Text(Str),
    /// A binary message.
    Binary(Bytes),
    /// A message framed already, shared by every socket it goes to. Only towards a client.
    Frame(Frame),
}

impl Payload {
    /// The length in bytes, without the frame's header.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            Self::Frame(frame) => frame.payload().len(),
        }
    }

    /// Whether the message is empty, which ASGI allows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Frame(frame) => frame.payload_str(),
            Self::Binary(_) => None,
        }
    }
}

impl From<&str> for Payload {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

/// What an application tells a server (ASGI: the messages of `send`).
#[derive(Debug)]
#[non_exhaustive]
pub enum Command {
    /// `http.response.start`. Leaves with the first body part, as ASGI asks.
    HttpResponseStart {
        /// The status line's code.
        status: StatusCode,
        /// Headers; the server adds `date` and `server` where they are missing.
        headers: HeaderMap,
    },
    /// `http.response.body`.
    HttpResponseBody {
        /// The bytes; may be empty.
        body: Bytes,
        /// Whether more parts follow.
        more_body: bool,
    },
    /// A whole response of a tower service, body and all: start and body parts in one.
    HttpResponse(Box<Response<Body>>),
    /// `websocket.accept`.
    WebSocketAccept {
        /// One of the client's offers, or none.
        subprotocol: Option<Box<str>>,
        /// Headers of the 101 response.
        headers: HeaderMap,
    },
    /// `websocket.send`.
    WebSocketSend(Payload),
    /// `websocket.close`. Before an accept it denies the handshake with 403.
    WebSocketClose {
        /// The close code; 1000 is the ordinary one.
        code: CloseCode,
        /// For the client, at most 123 bytes; longer ones are cut at a character's border.
        reason: Str,
    },
    /// `websocket.http.response.*`: denies the handshake with this response.
    WebSocketDeny(Box<Response<Body>>),
}

impl Command {
    /// `websocket.accept` with neither subprotocol nor headers.
    #[must_use]
    pub fn accept() -> Self {
        Self::WebSocketAccept {
            subprotocol: None,
            headers: HeaderMap::new(),
        }
    }

    /// `websocket.close` with a code and no reason.
    #[must_use]
    pub fn close(code: CloseCode) -> Self {
        Self::WebSocketClose {
            code,
            reason: Str::default(),
        }
    }

    /// ASGI's name for it, for logs and errors.
    #[must_use]
    pub fn message_type(&self) -> &'static str {
        match self {
            Self::HttpResponseStart { .. } | Self::HttpResponse(_) => "http.response.start",
            Self::HttpResponseBody { .. } => "http.response.body",
            Self::WebSocketAccept { .. } => "websocket.accept",
            Self::WebSocketSend(_) => "websocket.send",
            Self::WebSocketClose { .. } => "websocket.close",
            Self::WebSocketDeny(_) => "websocket.http.response.start",
        }
    }
}
