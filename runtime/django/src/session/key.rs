//! Session keys: what the cookie `sessionid` holds.

use std::fmt;

use crate::random::{self, LOWER_AND_DIGITS};

const LENGTH: usize = 32;
const SHORTEST: usize = 8;

/// A session's key: whoever knows it is the session's user. `Debug` shows its first characters only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionKey(Box<str>);

impl SessionKey {
    /// A new one: 32 letters and digits.
    #[must_use]
    pub fn generate() -> Self {
        Self(random::text(LENGTH, LOWER_AND_DIGITS).into())
    }

    /// The key in a cookie. `None` for what Django does not take for one: shorter than 8 characters; and for what no
    /// backend has: other characters than lower-case letters and digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_key = text.len() >= SHORTEST
            && text.len() <= 2 * LENGTH
            && text.bytes().all(|byte| LOWER_AND_DIGITS.contains(&byte));
        is_key.then(|| Self(text.into()))
    }

    /// A signed cookie's whole content, which is its own key.
    pub(crate) fn of_cookie(content: String) -> Self {
        Self(content.into())
    }

    /// The text for the cookie.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({}…)", self.0.get(..4).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_what_django_makes() {
        let key = SessionKey::generate();
        assert_eq!(key.as_str().len(), 32);
        assert_eq!(SessionKey::parse(key.as_str()), Some(key.clone()));
        assert!(!format!("{key:?}").contains(key.as_str()));
        for text in [
            "",
            "short",
            "../../etc/passwd",
            "ABCDEFGHIJ",
            &"a".repeat(65),
            "abcdefgé",
        ] {
            assert_eq!(SessionKey::parse(text), None, "{text}");
        }
    }
}
