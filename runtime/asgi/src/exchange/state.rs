//! What an exchange is doing, and which commands fit it.

use std::collections::VecDeque;
use std::fmt;
use std::task::{Context, Waker};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};

use super::extensions::not_started;
use super::file::FilePart;
use super::interim::{Interim, MAX_INTERIMS};
use super::waiting::Waiting;
use super::{Body, HIGH_WATER, Terms};
use crate::event::Command;
use crate::send::TrySendError;

/// What an application may send into a response whose body nobody wants, before it is told that
/// its client has left: it could go on for ever.
const MAX_DISCARDED: usize = 1024 * 1024;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    #[default]
    Waiting,
    /// Started, no body part yet.
    Started,
    Streaming,
    /// The last body part was given, the trailers were not.
    Trailers,
    /// The last part was given.
    Ended,
    /// The application ended without the last part, or failed.
    Broken,
}

/// A piece of a response's body.
#[derive(Debug)]
pub(super) enum Part {
    Bytes(Bytes),
    /// The first bytes of the file that is being read.
    Begun(Bytes),
    File(FilePart),
}

impl Part {
    /// What it counts against the high-water mark. Behind a file, whatever its length, `send` waits.
    fn weight(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Begun(_) => 0,
            Self::File(_) => FILE_WEIGHT,
        }
    }
}

pub(super) const FILE_WEIGHT: usize = HIGH_WATER;

pub(super) struct State {
    pub(super) stage: Stage,
    pub(super) terms: Terms,
    /// Start of the response, held back until the first body part.
    pub(super) head: Option<(StatusCode, HeaderMap)>,
    /// The server has it.
    pub(super) head_left: bool,
    /// A tower service's response.
    pub(super) whole: Option<Box<Response<Body>>>,
    pub(super) parts: Waiting,
    pub(super) buffered: usize,
    pub(super) promised_trailers: bool,
    /// Whether the client takes trailers.
    pub(super) wants_trailers: bool,
    pub(super) trailers: Option<Box<HeaderMap>>,
    pub(super) interims: VecDeque<Interim>,
    /// Nobody takes them.
    pub(super) interims_unwanted: bool,
    /// The response has no body, whatever the application sends.
    bodiless: bool,
    /// Bytes dropped since then.
    pub(super) discarded: Option<usize>,
    client_gone: bool,
    /// The application has ended.
    application_gone: bool,
    /// The server has dropped its side: it has what it wants.
    pub(super) server_gone: bool,
    /// Whoever watches for that.
    pub(super) watch: Option<Waker>,
    /// The server waits for the head or a body part.
    pub(super) server: Option<Waker>,
    /// The server waits for an interim item.
    pub(super) interim_server: Option<Waker>,
    /// Senders wait for room, receivers for the end.
    pub(super) application: Vec<Waker>,
}

impl State {
    pub(super) fn new(terms: Terms, bodiless: bool, wants_trailers: bool) -> Self {
        Self {
            stage: Stage::Waiting,
            terms,
            head: None,
            head_left: false,
            whole: None,
            parts: Waiting::default(),
            buffered: 0,
            promised_trailers: false,
            wants_trailers,
            trailers: None,
            interims: VecDeque::new(),
            interims_unwanted: false,
            bodiless,
            discarded: None,
            client_gone: false,
            application_gone: false,
            server_gone: false,
            watch: None,
            server: None,
            interim_server: None,
            application: Vec::new(),
        }
    }

    pub(super) fn wait(&mut self, cx: &Context<'_>) {
        if !self.application.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.application.push(cx.waker().clone());
        }
    }

    pub(super) fn server_wakers(&mut self) -> [Option<Waker>; 2] {
        [self.server.take(), self.interim_server.take()]
    }

    pub(super) fn has_room(&self) -> bool {
        self.is_over() || (self.buffered < HIGH_WATER && self.interims.len() < MAX_INTERIMS)
    }

    /// Whether the client has gone, or has all it wants.
    pub(super) fn is_over(&self) -> bool {
        self.client_gone || self.discarded.is_some()
    }

    /// Whether the application may still send something.
    pub(super) fn may_send(&self) -> bool {
        !self.is_over() && !matches!(self.stage, Stage::Ended | Stage::Broken)
    }

    pub(super) fn application_ended(&mut self, failed: bool) {
        self.application_gone = true;
        self.stage = match self.stage {
            Stage::Ended => return,
            // A start without a body part: complete and empty, unless the application failed.
            Stage::Started if !failed && !self.promised_trailers => Stage::Ended,
            _ => Stage::Broken,
        };
    }

    pub(super) fn client_left(&mut self) {
        self.client_gone = true;
        self.parts.clear();
        self.buffered = 0;
        self.interims.clear();
    }

    /// The body is not wanted. Returns whether that is no fault of the client's.
    pub(super) fn discard(&mut self) -> bool {
        if self.bodiless && self.head_left && !self.client_gone {
            self.parts.clear();
            self.buffered = 0;
            self.discarded.get_or_insert(0);
        }
        self.discarded.is_some()
    }

    /// The head goes to the client.
    pub(super) fn head_leaves(&mut self, status: StatusCode) {
        self.head_left = true;
        self.bodiless |= matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    }

    pub(super) fn refuse_interims(&mut self) {
        self.interims.clear();
        self.interims_unwanted = true;
    }

    pub(super) fn has_interims(&self) -> bool {
        !self.interims.is_empty()
    }

    pub(super) fn has_parts(&self) -> bool {
        !self.parts.is_empty()
    }

    /// Whether the server has everything.
    pub(super) fn is_read(&self) -> bool {
        self.stage == Stage::Ended && self.parts.is_empty() && self.trailers.is_none()
    }

    /// The whole body, where it is bytes in one piece and there is nobody left to be told what
    /// becomes of them.
    pub(super) fn pop_whole(&mut self) -> Option<Bytes> {
        let is_whole = self.stage == Stage::Ended && self.application_gone && self.trailers.is_none();
        if !is_whole || self.parts.len() > 1 {
            return None;
        }
        match self.parts.pop_front() {
            Some(Part::Bytes(bytes)) => Some(bytes),
            None => Some(Bytes::new()),
            Some(other) => {
                self.parts.push_front(other);
                None
            }
        }
    }

    /// The file that begins the body, if one does.
    pub(super) fn pop_file(&mut self) -> Option<Body> {
        let begins = matches!(self.parts.front(), Some(Part::File(_)));
        match begins.then(|| self.parts.pop_front())?? {
            Part::File(part) => self.open(part),
            _ => None,
        }
    }

    pub(super) fn open(&self, part: FilePart) -> Option<Body> {
        let open = self.terms.open_file?;
        Some(open(part))
    }

    /// A part has been read. Returns who waits for that.
    pub(super) fn release(&mut self, weight: usize) -> Vec<Waker> {
        let was_full = self.buffered >= HIGH_WATER;
        self.buffered = self.buffered.saturating_sub(weight);
        if was_full && self.buffered < HIGH_WATER {
            std::mem::take(&mut self.application)
        } else {
            Vec::new()
        }
    }

    pub(super) fn take(&mut self, command: Command) -> Result<(), TrySendError> {
        if self.client_gone {
            return Err(TrySendError::disconnected());
        }
        match command {
            Command::HttpResponseStart {
                status,
                headers,
                trailers,
            } => {
                self.may_start(status)?;
                self.head = Some((status, headers));
                self.promised_trailers = trailers;
                self.stage = Stage::Started;
                Ok(())
            }
            Command::HttpResponse(response) => {
                self.may_start(response.status())?;
                self.whole = Some(response);
                self.stage = Stage::Ended;
                Ok(())
            }
            Command::HttpResponseBody { body, more_body } => {
                self.in_body("http.response.body")?;
                self.body(body, more_body)
            }
            Command::HttpResponsePathSend { .. } | Command::HttpResponseZeroCopySend { .. } => {
                self.file(command)
            }
            Command::HttpResponseTrailers {
                headers,
                more_trailers,
            } => self.trailers(&headers, more_trailers),
            Command::HttpResponseEarlyHint { .. }
            | Command::HttpResponsePush { .. }
            | Command::HttpResponseDebug(_) => self.interim(command),
            other => Err(TrySendError::unexpected(&other)),
        }
    }

    fn may_start(&self, status: StatusCode) -> Result<(), TrySendError> {
        if self.stage != Stage::Waiting {
            return Err(TrySendError::protocol("HTTP response has already been started"));
        }
        if status.is_informational() {
            let text = format!(
                "{} is no status of a response: it must be 200 or above",
                status.as_u16()
            );
            return Err(TrySendError::protocol(text));
        }
        Ok(())
    }

    /// Whether a body part fits.
    pub(super) fn in_body(&self, what: &str) -> Result<(), TrySendError> {
        match self.stage {
            Stage::Started | Stage::Streaming => Ok(()),
            Stage::Waiting => Err(not_started(what)),
            Stage::Trailers => Err(TrySendError::protocol(format!(
                "Expected http.response.trailers, but got {what}"
            ))),
            Stage::Ended | Stage::Broken => {
                Err(TrySendError::protocol("HTTP response has already been completed"))
            }
        }
    }

    fn body(&mut self, body: Bytes, more_body: bool) -> Result<(), TrySendError> {
        if let Some(discarded) = &mut self.discarded {
            *discarded += body.len();
            if *discarded > MAX_DISCARDED {
                return Err(TrySendError::disconnected());
            }
        } else if !body.is_empty() {
            if self.buffered >= HIGH_WATER {
                let command = Command::HttpResponseBody { body, more_body };
                return Err(TrySendError::Full(Box::new(command)));
            }
            self.push(Part::Bytes(body));
        }
        self.advance(more_body);
        Ok(())
    }

    pub(super) fn push(&mut self, part: Part) {
        self.buffered += part.weight();
        self.parts.push_back(part);
    }

    pub(super) fn advance(&mut self, more_body: bool) {
        self.stage = match more_body {
            true => Stage::Streaming,
            false if self.promised_trailers => Stage::Trailers,
            false => Stage::Ended,
        };
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange")
            .field("stage", &self.stage)
            .field("buffered", &self.buffered)
            .field("client_gone", &self.client_gone)
            .finish_non_exhaustive()
    }
}
