//! How messages look to an application.

use clap::ValueEnum;
use serde::Serialize;

use crate::mark::{Mark, SHORTEST};
use crate::wire::frame::{self, Opcode};

/// What an application expects of its clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// The chat of the Channels tutorial: the client sends {"message": "…"}, all members get it, perhaps with more.
    Tutorial,
    /// The text itself, to all members.
    Plain,
    /// Socket.IO 5 over Engine.IO 4, WebSocket transport: the client emits "join" with the room's name once, then
    /// "message" with the room and the text; members get an event with the text in it.
    Socketio,
}

/// What a text that the server sent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// One for the scenario.
    Message,
    /// Part of the protocol; it was answered if it had to be.
    Handled,
    /// The same, and from here on the client is a member.
    Joined,
    /// The server wants no more of this client.
    Refused,
}

impl Protocol {
    /// Whether a client is a member as soon as its WebSocket is open.
    #[must_use]
    pub fn joins_by_opening(self) -> bool {
        !matches!(self, Self::Socketio)
    }

    /// Looks at `text`, and appends to `out` what has to be answered at once. `room` is the client's.
    #[inline]
    pub fn incoming(self, text: &[u8], room: &str, out: &mut Vec<u8>) -> Incoming {
        match self {
            Self::Tutorial | Self::Plain => Incoming::Message,
            Self::Socketio => socketio(text, room, out),
        }
    }

    /// Whether [`Protocol::template`] is another one for each room.
    #[must_use]
    pub fn names_rooms(self) -> bool {
        matches!(self, Self::Socketio)
    }

    /// What a sender of `room` sends, with a payload of `bytes` bytes.
    #[must_use]
    pub fn template(self, room: &str, bytes: usize) -> Template {
        let nothing = Mark {
            room: 0,
            sender: 0,
            number: 0,
            due: 0,
        };
        let payload = nothing.payload(bytes);
        let (before, after) = match self {
            Self::Tutorial => ("{\"message\": \"".to_owned(), "\"}"),
            Self::Plain => (String::new(), ""),
            Self::Socketio => (format!("42[\"message\",{},\"", json(room)), "\"]"),
        };
        let mut bytes = Vec::new();
        frame::put_header(
            &mut bytes,
            Opcode::Text,
            before.len() + payload.len() + after.len(),
        );
        bytes.extend_from_slice(before.as_bytes());
        let mark_at = bytes.len();
        bytes.extend_from_slice(&payload);
        bytes.extend_from_slice(after.as_bytes());
        Template { bytes, mark_at }
    }
}

/// A frame that only lacks its mark.
#[derive(Clone, Debug)]
pub struct Template {
    bytes: Vec<u8>,
    mark_at: usize,
}

impl Template {
    /// Appends the frame with `mark`.
    pub fn put(&self, mark: Mark, out: &mut Vec<u8>) {
        let start = out.len() + self.mark_at;
        out.extend_from_slice(&self.bytes);
        mark.write(&mut out[start..start + SHORTEST]);
    }
}

fn socketio(text: &[u8], room: &str, out: &mut Vec<u8>) -> Incoming {
    match text {
        [b'4', b'2', ..] => Incoming::Message,
        // Engine.IO: ping, pong.
        [b'2', rest @ ..] => {
            let answer = [b"3".as_slice(), rest].concat();
            frame::put(out, Opcode::Text, &answer);
            Incoming::Handled
        }
        // Engine.IO has opened; Socket.IO wants its default namespace connected.
        [b'0', ..] => {
            frame::put(out, Opcode::Text, b"40");
            Incoming::Handled
        }
        [b'4', b'0', ..] => {
            frame::put(
                out,
                Opcode::Text,
                format!("42[\"join\",{}]", json(room)).as_bytes(),
            );
            Incoming::Joined
        }
        [b'1', ..] | [b'4', b'1' | b'4', ..] => Incoming::Refused,
        _ => Incoming::Handled,
    }
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::Finder;

    const MARK: Mark = Mark {
        room: 1,
        sender: 2,
        number: 3,
        due: 4,
    };

    #[test]
    fn every_protocol_carries_the_mark() {
        for (protocol, start) in [
            (Protocol::Tutorial, "{\"message\": \"LrL~"),
            (Protocol::Plain, "LrL~"),
            (Protocol::Socketio, "42[\"message\",\"lobby\",\"LrL~"),
        ] {
            let mut out = vec![b'?'; 3];
            protocol.template("lobby", 50).put(MARK, &mut out);
            // A frame this short has two bytes of header and four of mask.
            let text = std::str::from_utf8(&out[3 + 6..]).unwrap();
            assert!(text.starts_with(start), "{text}");
            assert_eq!(Finder::new(50).find(text.as_bytes()), Some(MARK));
        }
    }

    #[test]
    fn socketio_is_joined_step_by_step_and_pings_are_answered() {
        let mut out = Vec::new();
        let mut say = |text: &str| {
            out.clear();
            let incoming = Protocol::Socketio.incoming(text.as_bytes(), "lobby", &mut out);
            (
                incoming,
                String::from_utf8_lossy(out.get(6..).unwrap_or_default()).into_owned(),
            )
        };
        assert_eq!(say("0{\"sid\":\"x\"}"), (Incoming::Handled, "40".to_owned()));
        assert_eq!(
            say("40{\"sid\":\"y\"}"),
            (Incoming::Joined, "42[\"join\",\"lobby\"]".to_owned())
        );
        assert_eq!(say("2"), (Incoming::Handled, "3".to_owned()));
        assert_eq!(say("42[\"message\",\"hi\"]"), (Incoming::Message, String::new()));
        assert_eq!(say("44{\"message\":\"no\"}").0, Incoming::Refused);
    }
}
