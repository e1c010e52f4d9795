//! What one line is made of.

use std::time::Duration;

use laureola_asgi::{Address, CloseCode};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A request is over.
    Http,
    /// An application was called for a WebSocket.
    Connecting,
    /// It was accepted.
    Connect,
    /// It was refused, by the application or for its time.
    Reject,
    /// It is over, whether it was accepted or not.
    Disconnect,
}

impl Event {
    /// Daphne's word, which stands where a request has its method.
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Self::Http => None,
            Self::Connecting => Some("WSCONNECTING"),
            Self::Connect => Some("WSCONNECT"),
            Self::Reject => Some("WSREJECT"),
            Self::Disconnect => Some("WSDISCONNECT"),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Connecting => "websocket.connecting",
            Self::Connect => "websocket.connect",
            Self::Reject => "websocket.reject",
            Self::Disconnect => "websocket.disconnect",
        }
    }
}

/// See the module's documentation.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) event: Event,
    pub(crate) client: Option<&'a Address>,
    pub(crate) method: &'a str,
    /// Path and query string as they came.
    pub(crate) target: &'a str,
    /// `HTTP/1.1`.
    pub(crate) protocol: &'static str,
    /// `None` where there was no response.
    pub(crate) status: Option<u16>,
    /// Of the response's body.
    pub(crate) bytes: u64,
    /// Since the request came.
    pub(crate) duration: Duration,
    /// A closed WebSocket's.
    pub(crate) code: Option<CloseCode>,
    pub(crate) user_agent: Option<&'a [u8]>,
    pub(crate) referer: Option<&'a [u8]>,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) route: Option<&'a str>,
}

impl Entry<'_> {
    pub(super) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    pub(super) fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// Whether this is the end of a WebSocket that never was: its refusal has a line already.
    pub(super) fn is_echo(&self) -> bool {
        self.event == Event::Disconnect && self.code.is_none() && self.status.is_some()
    }

    /// Whether this is a WebSocket's first or middle line, which has no outcome yet.
    pub(super) fn is_turn(&self) -> bool {
        matches!(self.event, Event::Connecting | Event::Connect)
    }
}
