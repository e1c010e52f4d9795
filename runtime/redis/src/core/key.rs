//! What the keys are called.

use laureola_layers::{ChannelName, GroupName};

/// Builds the names channels_redis gives its keys.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    prefix: Box<str>,
}

impl Keys {
    pub(crate) fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.into(),
        }
    }

    /// The sorted set a channel is received from: `<prefix><non-local name>`.
    pub(crate) fn channel(&self, channel: &ChannelName) -> String {
        self.queue(channel.non_local())
    }

    /// The same by the non-local name.
    pub(crate) fn queue(&self, non_local: &str) -> String {
        format!("{}{non_local}", self.prefix)
    }

    /// Where messages stand that were popped from `queue` and have not arrived for certain.
    pub(crate) fn in_flight(queue: &str) -> String {
        format!("{queue}$inflight")
    }

    /// The sorted set of a group's members: `<prefix>:group:<group>`.
    pub(crate) fn group(&self, group: &GroupName) -> String {
        format!("{}:group:{group}", self.prefix)
    }

    /// A pattern for `SCAN` that matches every key of this prefix.
    pub(crate) fn pattern(&self) -> String {
        let mut pattern = String::with_capacity(self.prefix.len() + 1);
        for character in self.prefix.chars() {
            if matches!(character, '*' | '?' | '[' | ']' | '\\') {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        pattern.push('*');
        pattern
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_channels_redis() {
        let keys = Keys::new("asgi");
        let own = ChannelName::new("specific.ab!cd").expect("a name");
        let plain = ChannelName::new("thumbnails").expect("a name");
        let group = GroupName::new("chat_lobby").expect("a name");
        assert_eq!(keys.channel(&own), "asgispecific.ab!");
        assert_eq!(keys.channel(&plain), "asgithumbnails");
        assert_eq!(Keys::in_flight(&keys.channel(&plain)), "asgithumbnails$inflight");
        assert_eq!(keys.group(&group), "asgi:group:chat_lobby");
        assert_eq!(Keys::new("a*b").pattern(), "a\\*b*");
    }
}
