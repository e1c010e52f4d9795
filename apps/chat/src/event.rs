//! What travels in a room's group.

use laureola::consumers::Shared;
use laureola::message::{Frame, FrameError};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::guest::DEFAULT_GUEST_NAME;

/// An event of a room's group, the same for every server of the room.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
#[non_exhaustive]
pub enum RoomEvent {
    /// `{"type": "chat.message", "message": …, "username": …}`: somebody said something.
    #[serde(rename = "chat.message")]
    Message {
        /// The text.
        message: String,
        /// Who said it; `guest` where the event does not say.
        #[serde(default = "nobody")]
        username: String,
    },
    /// Anything else. Channels raises, which closes the socket. But a room belongs to all the
    /// software that shares it: one that sends events of a newer kind, or a malformed one, must not
    /// cut off everybody in the room (who would all come back at once), so it is passed over.
    #[serde(untagged, skip_serializing)]
    Foreign(IgnoredAny),
}

fn nobody() -> String {
    DEFAULT_GUEST_NAME.to_owned()
}

/// What a browser receives.
#[derive(Serialize)]
struct Outgoing {
    message: String,
    username: String,
}

/// The frame browsers receive for an event, built once for the whole room; `None` for an event
/// that is not for them.
pub(crate) fn frame(event: &Shared<RoomEvent>) -> Option<Result<Frame, FrameError>> {
    if matches!(**event, RoomEvent::Foreign(_)) {
        return None;
    }
    Some(event.frame_once(|event| match event {
        RoomEvent::Message { message, username } => Some(Outgoing {
            message: message.clone(),
            username: username.clone(),
        }),
        RoomEvent::Foreign(_) => None,
    }))
}
