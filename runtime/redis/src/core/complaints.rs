//! Messages that get lost, for people and for metrics.

use laureola_layers::GroupName;
use laureola_layers::mailbox::Overflow;
use laureola_message::CodecError;

use crate::throttle::Throttle;

/// What a layer says of lost messages: each kind a few times a minute at most.
#[derive(Debug, Default)]
pub(crate) struct Complaints {
    malformed: Throttle,
    overflow: Throttle,
    over_capacity: Throttle,
    pub(crate) refused: Throttle,
}

/// The counter of messages that were not delivered, by `reason`.
pub(crate) const DROPPED: &str = "laureola_layer_dropped_total";

impl Complaints {
    /// What came through a queue or a Redis channel is no message.
    pub(crate) fn malformed(&self, from: &str, error: &CodecError) {
        metrics::counter!(DROPPED, "reason" => "malformed").increment(1);
        if let Some(messages) = self.malformed.note(1) {
            tracing::warn!(from, messages, %error, "dropped what is no channel-layer message");
        }
    }

    /// A group message found so many keys full in Redis.
    pub(crate) fn over_capacity(&self, group: &GroupName, channel: &str, keys: usize) {
        metrics::counter!(DROPPED, "reason" => "over-capacity").increment(keys as u64);
        if let Some(messages) = self.over_capacity.note(keys) {
            tracing::warn!(
                %group, channel, messages,
                "group messages dropped: the receiving processes are over capacity"
            );
        }
    }

    /// So many mailboxes of this process were full; `channel` is one of theirs, or empty.
    pub(crate) fn overflowed(
        &self,
        mailboxes: usize,
        group: Option<&GroupName>,
        channel: &str,
        overflow: Overflow,
    ) {
        let (reason, what) = match overflow {
            Overflow::DropOldest => ("drop-oldest", "their oldest messages are dropped"),
            Overflow::DropNewest => ("drop-newest", "their newest messages are dropped"),
            Overflow::Close => ("close", "their consumers are told to close"),
        };
        metrics::counter!(DROPPED, "reason" => reason).increment(mailboxes as u64);
        if let Some(times) = self.overflow.note(mailboxes) {
            let group = group.map(tracing::field::display);
            let channel = (!channel.is_empty()).then_some(channel);
            tracing::warn!(
                group,
                channel,
                times,
                "channels of this process are too slow: {what}"
            );
        }
    }
}
