//! The chat's event and the browser's JSON.

use serde::{Deserialize, Serialize};

/// What the group carries: the event of the Channels tutorial's chat, with a username.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum RoomEvent {
    /// Somebody said something.
    #[serde(rename = "chat.message")]
    Message {
        /// What.
        message: String,
        /// Who.
        username: String,
    },
}

/// What the browser gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outgoing<'a> {
    /// What was said.
    pub message: &'a str,
    /// Who said it.
    pub username: &'a str,
}

impl RoomEvent {
    /// An event whose frame has 128 bytes of payload, as in the runs the peers were measured with.
    #[must_use]
    pub fn sample() -> Self {
        let message =
            "The quick brown fox jumps over the lazy dog, and nobody whatever in the room minds \"it\".";
        Self::Message {
            message: message.to_owned(),
            username: "guest-4711".to_owned(),
        }
    }

    /// An event whose frame has `payload` bytes, at least a few dozen.
    ///
    /// # Panics
    /// If that is less than the words around the message.
    #[must_use]
    pub fn of(payload: usize) -> Self {
        let username = "guest-4711".to_owned();
        let around = r#"{"message":"","username":""}"#.len() + username.len();
        let length = payload.checked_sub(around).expect("there is room for the names");
        let message = "The quick brown fox jumps over the lazy dog. "
            .chars()
            .cycle()
            .take(length)
            .collect();
        Self::Message { message, username }
    }

    /// The browser's view of it.
    #[must_use]
    pub fn outgoing(&self) -> Outgoing<'_> {
        let Self::Message { message, username } = self;
        Outgoing { message, username }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_as_long_as_the_peers_frames() {
        let text = serde_json::to_string(&RoomEvent::sample().outgoing()).unwrap();
        assert_eq!(text.len(), 128, "{text}");
        for bytes in [64, 4096] {
            let text = serde_json::to_string(&RoomEvent::of(bytes).outgoing()).unwrap();
            assert_eq!(text.len(), bytes);
        }
    }
}
