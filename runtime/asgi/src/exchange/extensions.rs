//! The extensions' commands: where they fit, and what becomes of them.

use std::path::Path;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, header};

use super::HIGH_WATER;
use super::file::FilePart;
use super::interim::{Interim, MAX_INTERIMS};
use super::state::{Part, Stage, State};
use crate::event::Command;
use crate::send::TrySendError;
use crate::supported::Supported;

impl State {
    pub(super) fn file(&mut self, command: Command) -> Result<(), TrySendError> {
        let needed = match &command {
            Command::HttpResponsePathSend { .. } => Supported::PATHSEND,
            _ => Supported::ZEROCOPYSEND,
        };
        if self.terms.open_file.is_none() || !self.terms.supported.contains(needed) {
            return Err(TrySendError::unexpected(&command));
        }
        self.in_body(command.message_type())?;
        if self.buffered >= HIGH_WATER && self.discarded.is_none() {
            return Err(TrySendError::Full(Box::new(command)));
        }
        let (part, more_body) = match command {
            Command::HttpResponsePathSend { path } => {
                if self.stage != Stage::Started {
                    return Err(TrySendError::protocol(
                        "http.response.pathsend cannot be mixed with other body parts",
                    ));
                }
                check_path(&path)?;
                (FilePart::Path(path), false)
            }
            Command::HttpResponseZeroCopySend {
                file,
                offset,
                count,
                more_body,
            } => (FilePart::Handle { file, offset, count }, more_body),
            other => return Err(TrySendError::unexpected(&other)),
        };
        if self.discarded.is_none() {
            self.push(Part::File(part));
        }
        self.advance(more_body);
        Ok(())
    }

    pub(super) fn trailers(&mut self, headers: &HeaderMap, more_trailers: bool) -> Result<(), TrySendError> {
        match self.stage {
            Stage::Trailers => {}
            Stage::Waiting => return Err(not_started("http.response.trailers")),
            Stage::Ended | Stage::Broken if self.promised_trailers => {
                return Err(TrySendError::protocol("HTTP response has already been completed"));
            }
            Stage::Started | Stage::Streaming if self.promised_trailers => {
                return Err(TrySendError::protocol(
                    "Expected the last http.response.body, but got http.response.trailers",
                ));
            }
            _ => {
                return Err(TrySendError::protocol(
                    "http.response.trailers needs trailers=True in http.response.start",
                ));
            }
        }
        let wanted = self.wants_trailers && self.terms.supported.contains(Supported::TRAILERS);
        if wanted && !headers.is_empty() {
            let trailers = self.trailers.get_or_insert_default();
            for (name, value) in headers {
                let room = trailers.try_append(name.clone(), value.clone());
                room.map_err(|_| TrySendError::protocol("too many trailers"))?;
            }
        }
        if !more_trailers {
            self.stage = Stage::Ended;
        }
        Ok(())
    }

    pub(super) fn interim(&mut self, command: Command) -> Result<(), TrySendError> {
        let what = command.message_type();
        let fits = match (&command, self.stage) {
            (_, Stage::Ended | Stage::Broken) => {
                return Err(TrySendError::protocol("HTTP response has already been completed"));
            }
            (Command::HttpResponseDebug(_), Stage::Waiting) => true,
            (Command::HttpResponseDebug(_), _) => {
                return Err(TrySendError::protocol(
                    "http.response.debug must come before http.response.start",
                ));
            }
            (Command::HttpResponsePush { .. }, Stage::Waiting) => return Err(not_started(what)),
            // A hint is worth most before anything is known of the response, so that is let pass.
            (Command::HttpResponseEarlyHint { .. }, stage) => {
                let in_time = matches!(stage, Stage::Waiting | Stage::Started);
                in_time && self.terms.supported.contains(Supported::EARLY_HINT)
            }
            _ => self.terms.supported.contains(Supported::PUSH),
        };
        let fits = fits && self.discarded.is_none() && !self.interims_unwanted;
        if fits && self.interims.len() >= MAX_INTERIMS {
            return Err(TrySendError::Full(Box::new(command)));
        }
        let interim = match command {
            Command::HttpResponseEarlyHint { links } => Interim::EarlyHint(hint(links)),
            Command::HttpResponsePush { path, headers } => Interim::Push {
                path: target(&path)?,
                headers,
            },
            Command::HttpResponseDebug(info) => Interim::Debug(info),
            other => return Err(TrySendError::unexpected(&other)),
        };
        if fits {
            self.interims.push_back(interim);
        }
        Ok(())
    }
}

pub(super) fn not_started(what: &str) -> TrySendError {
    TrySendError::protocol(format!("HTTP response has not yet been started but got {what}"))
}

fn check_path(path: &Path) -> Result<(), TrySendError> {
    if path.is_absolute() {
        return Ok(());
    }
    let text = format!(
        "http.response.pathsend needs an absolute path, but got {}",
        path.display()
    );
    Err(TrySendError::protocol(text))
}

fn hint(links: Vec<HeaderValue>) -> HeaderMap {
    links.into_iter().map(|link| (header::LINK, link)).collect()
}

/// The target of a decoded path, with what no target may hold encoded again.
fn target(path: &str) -> Result<PathAndQuery, TrySendError> {
    const KEPT: percent_encoding::AsciiSet = percent_encoding::CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'<')
        .add(b'>')
        .add(b'`');
    let encoded = percent_encoding::utf8_percent_encode(path, &KEPT).to_string();
    let target = PathAndQuery::try_from(encoded)
        .ok()
        .filter(|_| path.starts_with('/'));
    target.ok_or_else(|| TrySendError::protocol(format!("http.response.push of a bad path {path:?}")))
}
