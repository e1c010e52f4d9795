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

    /// The same, by the non-local name.
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

    /// A string that exists as long as a process of Laureola gives signs of life.
    pub(crate) fn alive(&self, process: &str) -> String {
        format!("{}:laureola:alive:{process}", self.prefix)
    }

    /// The set of the groups a process of Laureola put channels of its own into.
    pub(crate) fn groups_of(&self, process: &str) -> String {
        format!("{}:laureola:groups:{process}", self.prefix)
    }

    /// Who is about to remove the members of a process that died.
    pub(crate) fn sweeping(&self, process: &str) -> String {
        format!("{}:laureola:sweep:{process}", self.prefix)
    }

    /// The sorted set of the processes of Laureola, living and lately dead; score = last sign of
    /// life. It tells their members from those of Python's processes.
    pub(crate) fn processes(&self) -> String {
        format!("{}:laureola:processes", self.prefix)
    }

    /// A pattern for `SCAN` that matches every group.
    pub(crate) fn groups_pattern(&self) -> String {
        let mut pattern = self.pattern();
        pattern.pop();
        pattern + ":group:*"
    }

    /// The group behind a key that this pattern matched.
    pub(crate) fn group_of<'a>(&self, key: &'a str) -> Option<&'a str> {
        key.strip_prefix(&*self.prefix)?.strip_prefix(":group:")
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
        assert_eq!(Keys::new("a*b").groups_pattern(), "a\\*b:group:*");
        assert_eq!(keys.group_of(&keys.group(&group)), Some("chat_lobby"));
    }
}
