//! Channel and group names, validated when they are made.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The longest name, in bytes (Channels: fewer than 100 characters).
pub const MAX_LENGTH: usize = 99;

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{kind} name {name:?} is not valid: it must be 1 to 99 characters, ASCII letters, digits, \
     hyphens, underscores and periods only{extra}"
)]
pub struct NameError {
    kind: &'static str,
    name: String,
    extra: &'static str,
}

/// The name of a channel: plain (`thumbnails`) or process-specific (`specific.<hex>!<hex>`).
///
/// Stricter than Channels' pattern, which lets a trailing newline and digits of other scripts pass.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChannelName(Arc<str>);

impl ChannelName {
    /// Checks `name`.
    ///
    /// # Errors
    /// [`NameError`] unless it is 1 to 99 ASCII letters, digits, `-`, `_`, `.`, with at most one
    /// `!`, not at its beginning.
    pub fn new(name: impl AsRef<str>) -> Result<Self, NameError> {
        let name = name.as_ref();
        let (shared, local) = name.split_once('!').unwrap_or((name, ""));
        let valid = name.len() <= MAX_LENGTH && is_plain(shared) && (local.is_empty() || is_plain(local));
        if valid {
            return Ok(Self(name.into()));
        }
        let extra = ", and at most one '!' behind them";
        Err(NameError {
            kind: "channel",
            name: name.chars().take(120).collect(),
            extra,
        })
    }

    /// A new name `<prefix>.<process>!<32 random hex digits>`, as channels_redis makes them.
    ///
    /// # Errors
    /// [`NameError`] where the prefix is no name, or too long.
    pub fn process_specific(prefix: &str, process: &str) -> Result<Self, NameError> {
        Self::new(format!("{prefix}.{process}!{}", random_hex()))
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether only the process that made it receives from it.
    #[must_use]
    pub fn is_process_specific(&self) -> bool {
        self.0.contains('!')
    }

    /// The prefix this name was made with, if `process` made it.
    #[must_use]
    pub fn prefix_of(&self, process: &str) -> Option<&str> {
        let (shared, _) = self.0.split_once('!')?;
        shared.strip_suffix(process)?.strip_suffix('.')
    }

    /// Everything up to and including `!`; a plain name whole. Redis keys are made of it.
    #[must_use]
    pub fn non_local(&self) -> &str {
        self.0.find('!').map_or(&self.0, |at| &self.0[..=at])
    }
}

/// The name of a group.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupName(Arc<str>);

impl GroupName {
    /// Checks `name`.
    ///
    /// # Errors
    /// [`NameError`] unless it is 1 to 99 ASCII letters, digits, `-`, `_`, `.`.
    pub fn new(name: impl AsRef<str>) -> Result<Self, NameError> {
        let name = name.as_ref();
        if name.len() <= MAX_LENGTH && is_plain(name) {
            return Ok(Self(name.into()));
        }
        Err(NameError {
            kind: "group",
            name: name.chars().take(120).collect(),
            extra: "",
        })
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 32 random hex digits, Python's `uuid4().hex` in form: no two processes or channels share them.
#[must_use]
pub fn random_hex() -> Box<str> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system's random source never fails once it is up");
    format!("{:032x}", u128::from_ne_bytes(bytes)).into()
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

macro_rules! name {
    ($type:ident) => {
        impl Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl TryFrom<&str> for $type {
            type Error = NameError;

            fn try_from(name: &str) -> Result<Self, NameError> {
                Self::new(name)
            }
        }
    };
}

name!(ChannelName);
name!(GroupName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_rule() {
        for name in [
            "a",
            "chat_1",
            "a.b-c_D9",
            &"x".repeat(99),
            "specific.ab!cd",
            "specific.ab!",
        ] {
            assert!(ChannelName::new(name).is_ok(), "{name}");
        }
        for name in [
            "",
            "a b",
            "a\n",
            "é",
            "a/b",
            "!a",
            "a!b!c",
            "a!b\n",
            "٣",
            &"x".repeat(100),
        ] {
            assert!(ChannelName::new(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_group_has_no_exclamation_mark() {
        assert!(GroupName::new("chat_lobby").is_ok());
        for name in ["", "a!b", "chat lobby", "chat_é", &"x".repeat(100)] {
            assert!(GroupName::new(name).is_err(), "{name}");
        }
    }

    #[test]
    fn the_error_says_what_a_name_may_be() {
        let error = GroupName::new("chat lobby").expect_err("a space").to_string();
        assert!(
            error.starts_with("group name \"chat lobby\" is not valid"),
            "{error}"
        );
    }

    #[test]
    fn non_local_part() {
        let name = ChannelName::new("specific.ab!cd").expect("valid");
        assert_eq!(name.non_local(), "specific.ab!");
        assert!(name.is_process_specific());
        assert_eq!(name.prefix_of("ab"), Some("specific"));
        assert_eq!([name.prefix_of("b"), name.prefix_of("cd")], [None, None]);
        let name = ChannelName::new("thumbnails").expect("valid");
        assert_eq!(name.non_local(), "thumbnails");
        assert!(!name.is_process_specific());
    }
}
