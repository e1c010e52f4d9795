//! Events towards the application, and commands from it.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use laureola_message::{Frame, Str, Value};

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
    /// `lifespan.startup`: the server is about to serve, and waits for
    /// [`Command::LifespanStartupComplete`] or its failure.
    LifespanStartup,
    /// `lifespan.shutdown`: the last connection has ended.
    LifespanShutdown,
}

impl Event {
    /// Whether no event can follow this one, because the client has gone.
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
            Self::Frame(frame) => frame.payload_len(),
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
        /// Whether [`Command::HttpResponseTrailers`] follows the last body part.
        trailers: bool,
    },
    /// `http.response.body`.
    HttpResponseBody {
        /// The bytes; may be empty.
        body: Bytes,
        /// Whether more parts follow.
        more_body: bool,
    },
    /// `http.response.pathsend`: the server reads this file as the whole body. A file that cannot
    /// be read is answered with 500.
    HttpResponsePathSend {
        /// An absolute path. Its length is not announced, unless the start's headers do.
        path: PathBuf,
    },
    /// `http.response.zerocopysend`: a part of the body, out of an open file.
    HttpResponseZeroCopySend {
        /// Must be seekable where an offset is given.
        file: Arc<File>,
        /// Where the part begins; `None` is the file's own position, which moves on.
        offset: Option<u64>,
        /// The part's length; `None` is up to the file's end.
        count: Option<u64>,
        /// Whether more parts follow.
        more_body: bool,
    },
    /// `http.response.early_hint`: 103 with these `link` headers. Ignored after the first body part,
    /// with which the response leaves, and where the client's protocol has no 103.
    HttpResponseEarlyHint {
        /// Values of `link` (RFC 8288).
        links: Vec<HeaderValue>,
    },
    /// `http.response.push`: the client will want this, too (HTTP/2). Ignored by other protocols,
    /// and for a client that takes no pushes.
    HttpResponsePush {
        /// The decoded path, with an optional query string.
        path: Box<str>,
        /// The headers of the request that is pretended.
        headers: HeaderMap,
    },
    /// `http.response.trailers`, behind the last body part of a response whose start promised them.
    HttpResponseTrailers {
        /// Over HTTP/1.1 only those reach the client that the start's `trailer` header names, and
        /// only a client that said `te: trailers`.
        headers: HeaderMap,
        /// Whether more trailers follow.
        more_trailers: bool,
    },
    /// `http.response.debug`, before the start: for test clients. A server logs it at debug level.
    HttpResponseDebug(Box<Value>),
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
    /// `websocket.http.response.start`: denies the handshake with a response of one's own.
    WebSocketHttpResponseStart {
        /// The status line's code.
        status: StatusCode,
        /// Its headers.
        headers: HeaderMap,
    },
    /// `websocket.http.response.body`.
    WebSocketHttpResponseBody {
        /// The bytes; may be empty.
        body: Bytes,
        /// Whether more parts follow.
        more_body: bool,
    },
    /// The same with a whole response: start and body parts in one.
    WebSocketDeny(Box<Response<Body>>),
    /// `lifespan.startup.complete`.
    LifespanStartupComplete,
    /// `lifespan.startup.failed`: the server does not start, and says this.
    LifespanStartupFailed {
        /// For whoever started the server; may be empty.
        message: Str,
    },
    /// `lifespan.shutdown.complete`.
    LifespanShutdownComplete,
    /// `lifespan.shutdown.failed`.
    LifespanShutdownFailed {
        /// For the log; may be empty.
        message: Str,
    },
}

impl Command {
    /// `http.response.start` without trailers.
    #[must_use]
    pub fn start(status: StatusCode, headers: HeaderMap) -> Self {
        Self::HttpResponseStart {
            status,
            headers,
            trailers: false,
        }
    }

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
            Self::HttpResponsePathSend { .. } => "http.response.pathsend",
            Self::HttpResponseZeroCopySend { .. } => "http.response.zerocopysend",
            Self::HttpResponseEarlyHint { .. } => "http.response.early_hint",
            Self::HttpResponsePush { .. } => "http.response.push",
            Self::HttpResponseTrailers { .. } => "http.response.trailers",
            Self::HttpResponseDebug(_) => "http.response.debug",
            Self::WebSocketAccept { .. } => "websocket.accept",
            Self::WebSocketSend(_) => "websocket.send",
            Self::WebSocketClose { .. } => "websocket.close",
            Self::WebSocketHttpResponseStart { .. } | Self::WebSocketDeny(_) => {
                "websocket.http.response.start"
            }
            Self::WebSocketHttpResponseBody { .. } => "websocket.http.response.body",
            Self::LifespanStartupComplete => "lifespan.startup.complete",
            Self::LifespanStartupFailed { .. } => "lifespan.startup.failed",
            Self::LifespanShutdownComplete => "lifespan.shutdown.complete",
            Self::LifespanShutdownFailed { .. } => "lifespan.shutdown.failed",
        }
    }
}
