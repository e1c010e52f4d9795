//! What a browser receives besides the room's events.

use laureola::asgi::{Command, Payload, Sender};
use laureola::message::Frame;
use serde::Serialize;

use crate::history::Entry;

/// `{"history": […], "more": …}`: what was said before one came.
#[derive(Debug, Serialize)]
pub(crate) struct History<'a> {
    pub(crate) history: &'a [Entry],
    /// Whether there is more before it; not said where a client goes on from what it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) more: Option<bool>,
    /// Between what the client has and this there is more than is sent: it is to forget what it has.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) gap: bool,
    /// The client is to forget what it has behind this message and what is not here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<i64>,
}

/// `{"page": […], "more": …}`: the messages before another.
#[derive(Debug, Serialize)]
pub(crate) struct Page<'a> {
    pub(crate) page: &'a [Entry],
    pub(crate) more: bool,
}

/// `{"users": […]}`: who is there.
#[derive(Debug, Serialize)]
pub(crate) struct Users {
    pub(crate) users: Vec<String>,
}

/// `{"ack": …, "id": …}`: the message is said, and will not be lost.
#[derive(Debug, Serialize)]
pub(crate) struct Ack<'a> {
    pub(crate) ack: &'a str,
    pub(crate) id: i64,
}

/// `{"error": …, "client": …}`: the message was not said.
#[derive(Debug, Serialize)]
pub(crate) struct Refusal<'a> {
    pub(crate) error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client: Option<&'a str>,
}

/// Sends from a task that must not wait for a slow client, who misses it then, and asks again.
pub(crate) fn send_now(sender: &Sender, content: &impl Serialize) {
    match Frame::text_json(content) {
        Ok(frame) => {
            if let Err(error) = sender.try_send(Command::WebSocketSend(Payload::Frame(frame))) {
                tracing::debug!("an answer did not reach its client: {error:?}");
            }
        }
        Err(error) => tracing::error!("an answer cannot be written: {error}"),
    }
}
