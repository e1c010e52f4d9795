//! What the Redis channels are called.

use laureola_layers::name::random_hex;
use laureola_layers::{ChannelName, GroupName, LayerError};

/// Builds the names `channels_redis.pubsub` gives its Redis channels.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// The layer's prefix.
    prefix: Box<str>,
    /// `<prefix>__group__`.
    group_prefix: Box<str>,
}

impl Names {
    /// Fails for a prefix that cannot stand in a channel's name.
    pub(crate) fn new(prefix: &str) -> Result<Self, LayerError> {
        ChannelName::new(format!("{prefix}x"))?;
        ChannelName::process_specific("x", &format!("{prefix}x"))?;
        Ok(Self {
            prefix: prefix.into(),
            group_prefix: format!("{prefix}__group__").into(),
        })
    }

    /// A new channel of this process: `<layer's prefix><prefix>.<32 random hex digits>`, in which
    /// no `!` sets the process apart.
    pub(crate) fn new_channel(&self, prefix: &str) -> Result<ChannelName, LayerError> {
        // Refuses a prefix that holds a `!`, with the words of the other layers.
        ChannelName::process_specific(prefix, "x")?;
        Ok(ChannelName::new(format!(
            "{}{prefix}.{}",
            self.prefix,
            random_hex()
        ))?)
    }

    /// The Redis channel of a group. Neither this nor a channel's name can be longer than some 200
    /// bytes.
    pub(crate) fn group(&self, group: &GroupName) -> String {
        format!("{}{group}", self.group_prefix)
    }

    /// The group a Redis channel belongs to.
    pub(crate) fn group_of(&self, redis_channel: &str) -> Option<GroupName> {
        GroupName::new(redis_channel.strip_prefix(&*self.group_prefix)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_channels_redis() {
        let names = Names::new("asgi").expect("a prefix");
        let group = GroupName::new("chat_lobby").expect("a name");
        assert_eq!(names.group(&group), "asgi__group__chat_lobby");
        assert_eq!(names.group_of("asgi__group__chat_lobby"), Some(group));
        assert_eq!(names.group_of("asgi__group__"), None);
        assert_eq!(names.group_of("other__group__chat_lobby"), None);
        let channel = names.new_channel("specific").expect("a channel");
        let hex = channel
            .as_str()
            .strip_prefix("asgispecific.")
            .expect("both prefixes");
        assert_eq!(hex.len(), 32);
        assert!(hex.bytes().all(|b| b.is_ascii_hexdigit()));
    }

    #[test]
    fn prefixes_are_checked() {
        assert!(Names::new("").is_ok());
        assert!(Names::new("a b").is_err());
        assert!(Names::new("a!").is_err());
        let names = Names::new("asgi").expect("a prefix");
        for prefix in ["a b", "a!b", &"x".repeat(99)] {
            assert!(matches!(names.new_channel(prefix), Err(LayerError::Name(_))));
        }
    }
}
