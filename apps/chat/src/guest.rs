//! The names of guests.

use crate::query;

/// The longest name of a guest, in characters.
pub const MAX_GUEST_NAME: usize = 32;

/// What somebody without a name is called.
pub const DEFAULT_GUEST_NAME: &str = "guest";

/// The name somebody without an account chose: at most 32 characters, none of them control
/// characters, no white space around it; `guest` if nothing is left of it.
///
/// It proves nothing: two guests may have one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestName(Box<str>);

impl GuestName {
    /// The name nearest to `wish`.
    #[must_use]
    pub fn new(wish: &str) -> Self {
        let printable = wish.chars().filter(|c| !c.is_control()).collect::<String>();
        let short: String = printable.trim().chars().take(MAX_GUEST_NAME).collect();
        match short.trim_end() {
            "" => Self(DEFAULT_GUEST_NAME.into()),
            name => Self(name.into()),
        }
    }

    /// The name in a WebSocket's query string: `?username=…`.
    #[must_use]
    pub fn from_query(query_string: &[u8]) -> Self {
        Self::new(&query::value(query_string, "username").unwrap_or_default())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_trimmed_cleaned_and_cut() {
        for (wish, name) in [
            ("Ada", "Ada"),
            ("  Ada\tL. \n", "AdaL."),
            ("Ada\u{0} \u{85}Lovelace\u{1b}", "Ada Lovelace"),
            ("", "guest"),
            (" \r\n ", "guest"),
            ("<b>", "<b>"),
        ] {
            assert_eq!(GuestName::new(wish).as_str(), name, "{wish:?}");
        }
        // 32 characters, not bytes; a blank at the cut goes too.
        assert_eq!(GuestName::new(&"é".repeat(40)).as_str(), "é".repeat(32));
        let wish = format!("{} b", "a".repeat(31));
        assert_eq!(GuestName::new(&wish).as_str(), "a".repeat(31));
    }

    #[test]
    fn the_name_comes_from_the_query_string() {
        assert_eq!(
            GuestName::from_query(b"x=1&username=Ada%20L+M").as_str(),
            "Ada L M"
        );
        assert_eq!(GuestName::from_query(b"").as_str(), "guest");
    }
}
