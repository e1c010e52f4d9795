//! [`Str`]: text that is a slice of a shared buffer.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::str::Utf8Error;

use bytes::Bytes;
use bytestring::ByteString;

/// Immutable UTF-8 text over shared [`Bytes`]: a clone counts a reference, copies nothing and allocates nothing.
///
/// Compares, orders and hashes as the `str` it holds. It keeps the whole buffer it was cut from alive;
/// [`Str::detached`] is for text that is kept.
///
/// ```
/// use laureola_message::Str;
///
/// let name = Str::from("chat_lobby");
/// assert_eq!(name, "chat_lobby");
/// assert!(name.starts_with("chat_"));
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Str(ByteString);

impl Str {
    /// The text of a literal, without an allocation.
    pub const fn from_static(text: &'static str) -> Self {
        Self(ByteString::from_static(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bytes of the text, sharing its buffer.
    pub fn into_bytes(self) -> Bytes {
        self.0.into_bytes()
    }

    /// A copy in a buffer of its own, so that keeping it does not keep the message it came in.
    pub fn detached(&self) -> Self {
        Self::from(self.as_str())
    }
}

impl Deref for Str {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Str {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for Str {
    fn borrow(&self) -> &str {
        self
    }
}

/// As `str` hashes, so that a map keyed by `Str` can be asked with a `&str`.
impl Hash for Str {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

/// Copies the text.
impl From<&str> for Str {
    fn from(text: &str) -> Self {
        Self(ByteString::from(text))
    }
}

/// Takes the string's buffer over.
impl From<String> for Str {
    fn from(text: String) -> Self {
        Self(ByteString::from(text))
    }
}

impl From<Cow<'_, str>> for Str {
    fn from(text: Cow<'_, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self::from(text),
            Cow::Owned(text) => Self::from(text),
        }
    }
}

/// Shares the buffer after checking that it is UTF-8.
impl TryFrom<Bytes> for Str {
    type Error = Utf8Error;

    fn try_from(bytes: Bytes) -> Result<Self, Utf8Error> {
        ByteString::try_from(bytes).map(Self)
    }
}

impl PartialEq<str> for Str {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Str {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<Str> for str {
    fn eq(&self, other: &Str) -> bool {
        self == other.as_str()
    }
}

impl PartialEq<Str> for &str {
    fn eq(&self, other: &Str) -> bool {
        *self == other.as_str()
    }
}

impl serde::Serialize for Str {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Str {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_map_keyed_by_text_is_asked_with_str() {
        let map = HashMap::from([(Str::from("a"), 1)]);
        assert_eq!(map.get("a"), Some(&1));
    }

    #[test]
    fn a_slice_of_a_buffer_is_shared_not_copied() {
        let buffer = Bytes::from_static(b"xhello");
        let text = Str::try_from(buffer.slice(1..)).unwrap();
        assert_eq!(text.as_str().as_ptr(), buffer[1..].as_ptr());
        assert_ne!(text.detached().as_str().as_ptr(), text.as_str().as_ptr());
        assert_eq!(format!("{text} {text:?}"), "hello \"hello\"");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused() {
        assert!(Str::try_from(Bytes::from_static(b"\xff")).is_err());
    }
}
