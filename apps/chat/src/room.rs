//! The names of rooms.

use std::fmt;
use std::str::FromStr;

use laureola::GroupName;
use laureola::layers::name::MAX_LENGTH;

/// What stands before a room's name in its group's name.
const GROUP_PREFIX: &str = "chat_";

/// The same for the group of what Django's consumers do not know; as long.
const ASIDE_PREFIX: &str = "chat.";

/// The longest name of a room: with the prefix it is still the name of a group.
pub const MAX_ROOM_NAME: usize = MAX_LENGTH - GROUP_PREFIX.len();

/// The name of a room: 1 to 94 ASCII letters, digits, `-`, `_` and `.`.
///
/// Not `.` or `..`: browsers take them for steps in a path, so such a room has no URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoomName(Box<str>);

/// What is no name of a room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a room's name has 1 to {MAX_ROOM_NAME} letters (a to z), digits, hyphens, underscores and periods")]
pub struct RoomNameError;

impl RoomName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The group `chat.<room_name>`, in which only consumers of this chat are.
    #[must_use]
    pub fn aside_group(&self) -> GroupName {
        GroupName::new(format!("{ASIDE_PREFIX}{}", self.0)).expect("a room's name fits into a group's")
    }

    /// The room's group, `chat_<room_name>`, as every server of the room calls it.
    #[must_use]
    pub fn group(&self) -> GroupName {
        GroupName::new(format!("{GROUP_PREFIX}{}", self.0)).expect("a room's name fits into a group's")
    }
}

impl FromStr for RoomName {
    type Err = RoomNameError;

    fn from_str(name: &str) -> Result<Self, RoomNameError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let length = 1..=MAX_ROOM_NAME;
        if length.contains(&name.len()) && name.bytes().all(plain) && !matches!(name, "." | "..") {
            return Ok(Self(name.into()));
        }
        Err(RoomNameError)
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_room_has_a_group() {
        for name in ["lobby", "a", "-", "_", "v1.2", "...", "Room_9-b", &"x".repeat(94)] {
            let room: RoomName = name.parse().expect(name);
            assert_eq!(room.group().as_str(), format!("chat_{name}"));
            assert_eq!(room.aside_group().as_str(), format!("chat.{name}"));
        }
    }

    #[test]
    fn what_a_group_or_a_url_cannot_hold_is_no_room() {
        for name in [
            "",
            ".",
            "..",
            "a b",
            "a/b",
            "a!b",
            "a\n",
            "café",
            "٣",
            "<b>",
            &"x".repeat(95),
        ] {
            assert_eq!(name.parse::<RoomName>(), Err(RoomNameError), "{name}");
        }
    }

    #[test]
    fn the_error_says_which_names_there_are() {
        assert_eq!(
            RoomNameError.to_string(),
            "a room's name has 1 to 94 letters (a to z), digits, hyphens, underscores and periods"
        );
    }
}
