//! What travels in a room's groups.
//!
//! Messages travel in `chat_<room>`, where Django's consumers are, too. Everything else travels in `chat.<room>`, which only
//! ours join: an event of a type that it has no method for would end a Django consumer.

use laureola::consumers::Shared;
use laureola::message::Frame;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::guest::DEFAULT_GUEST_NAME;
use crate::history::Entry;

/// An event of a room's groups, the same for every server of the room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
#[non_exhaustive]
pub enum RoomEvent {
    /// `{"type": "chat.message", "message": …, "username": …}`: somebody said something.
    #[serde(rename = "chat.message", alias = "chat_message")]
    Message(Message),
    /// Somebody came in.
    #[serde(rename = "room.joined")]
    Joined {
        /// Their name.
        username: String,
    },
    /// Somebody has left.
    #[serde(rename = "room.left")]
    Left {
        /// Their name.
        username: String,
    },
    /// Somebody is typing.
    #[serde(rename = "room.typing")]
    Typing {
        /// Their name.
        username: String,
    },
    /// A message was deleted.
    #[serde(rename = "room.deleted")]
    Deleted {
        /// The message's.
        id: i64,
    },
    /// The room has another name.
    #[serde(rename = "room.renamed")]
    Renamed {
        /// The new one.
        name: String,
    },
    /// The room is gone.
    #[serde(rename = "room.closed")]
    Closed {
        /// Only for guests: their room's name is that of a room for people with accounts now.
        guests: bool,
        /// Words for people.
        reason: String,
    },
    /// Anything else. Channels raises, which closes the socket. But a room belongs to all the
    /// software that shares it: one that sends events of a newer kind, or a malformed one, must not
    /// cut off everybody in the room (who would all come back at once), so it is passed over.
    #[serde(untagged, skip_serializing)]
    Foreign(Foreign),
}

/// What nobody here knows.
#[derive(Clone, Debug, Deserialize)]
pub struct Foreign(IgnoredAny);

impl PartialEq for Foreign {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What somebody said. A Django consumer says only the first two; browsers get all but `client` of others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The text.
    pub message: String,
    /// Who said it; `guest` where the event does not say.
    #[serde(default = "nobody")]
    pub username: String,
    /// Its place in the room's history: newer messages have greater ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// Seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<f64>,
    /// The name is one that a guest chose.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guest: bool,
    /// What the sender's window called it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}

fn nobody() -> String {
    DEFAULT_GUEST_NAME.to_owned()
}

/// What a browser receives of a message.
#[derive(Serialize)]
pub(crate) struct Heard<'a> {
    message: &'a str,
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<f64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    guest: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
}

impl Message {
    /// What an entry of the history says.
    pub(crate) fn of(entry: Entry, client: Option<String>) -> Self {
        Self {
            message: entry.message,
            username: entry.username,
            id: Some(entry.id),
            at: Some(entry.at),
            guest: entry.guest,
            client,
        }
    }

    /// As everybody else's window gets it.
    fn heard(&self) -> Heard<'_> {
        Heard {
            message: &self.message,
            username: &self.username,
            id: self.id,
            at: self.at,
            guest: self.guest,
            client: None,
        }
    }

    /// As the window gets it that sent it.
    pub(crate) fn heard_by_sender(&self) -> Heard<'_> {
        Heard {
            client: self.client.as_deref(),
            ..self.heard()
        }
    }
}

/// What a browser receives of the other events.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum News<'a> {
    Joined(&'a str),
    Left(&'a str),
    Typing(&'a str),
    Deleted(i64),
    Renamed(&'a str),
    Closed(&'a str),
}

/// The frame browsers receive for an event, built once for the whole room; `None` for an event that is not for them.
pub(crate) fn frame(event: &Shared<RoomEvent>) -> Option<laureola::Result<Frame>> {
    if matches!(**event, RoomEvent::Foreign(_)) {
        return None;
    }
    Some(event.make_frame_once(|event| {
        let news = match event {
            RoomEvent::Message(message) => return Ok(Frame::text_json(&message.heard())?),
            RoomEvent::Joined { username } => News::Joined(username),
            RoomEvent::Left { username } => News::Left(username),
            RoomEvent::Typing { username } => News::Typing(username),
            RoomEvent::Deleted { id } => News::Deleted(*id),
            RoomEvent::Renamed { name } => News::Renamed(name),
            RoomEvent::Closed { reason, .. } => News::Closed(reason),
            RoomEvent::Foreign(_) => News::Closed(""),
        };
        Ok(Frame::text_json(&news)?)
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_of_djangos_is_read_and_ours_says_more() {
        let event: RoomEvent =
            serde_json::from_value(json!({ "type": "chat_message", "message": "hi" })).expect("an event");
        let RoomEvent::Message(mut message) = event else {
            panic!("{event:?}");
        };
        assert_eq!(message.username, "guest");
        assert_eq!((message.id, message.guest), (None, false));
        message.id = Some(7);
        let event = serde_json::to_value(RoomEvent::Message(message)).expect("JSON");
        let expected = json!({ "type": "chat.message", "message": "hi", "username": "guest", "id": 7 });
        assert_eq!(event, expected);
    }

    #[test]
    fn what_is_malformed_is_foreign() {
        for event in [
            json!({ "type": "chat.message", "message": 7 }),
            json!({ "type": "room.joined" }),
            json!({ "type": "room.later" }),
            json!({}),
        ] {
            let read: RoomEvent = serde_json::from_value(event.clone()).expect("an event");
            assert!(matches!(read, RoomEvent::Foreign(_)), "{event}");
        }
    }
}
