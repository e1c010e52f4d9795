//! What a process is told, and what the sender reports, as JSON that Python reads and writes, too.

use std::fmt;
use std::time::Duration;

use laureola_layers::{Layer, LayerError};
use laureola_redis::{Membership, RedisChannelLayer, RedisConfig, RedisPubSubChannelLayer};
use serde::{Deserialize, Serialize};

/// The format of channels_redis that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `channels_redis.core`.
    Core,
    /// `channels_redis.pubsub`.
    PubSub,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Core => "core",
            Self::PubSub => "pubsub",
        })
    }
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Holds the members.
    Receive,
    /// Sends to their group.
    Send,
}

/// One run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The layer.
    pub layer: Kind,
    /// Redis.
    pub url: String,
    /// How many channels the receiver puts into the group.
    pub members: u32,
    /// How many messages are on their way at a time.
    pub window: u32,
    /// How many messages a Redis key, and a channel, may hold.
    pub capacity: u32,
    /// Seconds before the measured ones.
    pub warm_up: f64,
    /// Seconds that are measured.
    pub seconds: f64,
    /// So many messages, one after the other for each in the window, instead of a loop of some
    /// time; 0 for the loop. Ours only.
    pub burst: u32,
    /// One entry in the group for the whole process: ours only.
    pub by_process: bool,
}

impl Job {
    /// The group's name.
    pub const GROUP: &str = "chat_bench";

    /// How long the two processes may take for everything, generously.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        Duration::from_secs_f64(self.warm_up + self.seconds) + Duration::from_secs(120)
    }

    /// The layer it is about.
    ///
    /// # Errors
    /// What the layer says.
    pub async fn open(&self) -> Result<Layer, LayerError> {
        let membership = if self.by_process {
            Membership::Process
        } else {
            Membership::Channel
        };
        let config = RedisConfig::new(self.url.as_str())
            .capacity(self.capacity as usize)
            .membership(membership);
        match self.layer {
            Kind::Core => RedisChannelLayer::connect(config).await.map(Layer::new),
            Kind::PubSub => RedisPubSubChannelLayer::connect(config).await.map(Layer::new),
        }
    }
}

/// A message: with its 128 bytes of text, its name and its number.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename = "chat.message")]
pub struct Event {
    /// 128 bytes.
    pub text: String,
    /// Counted from 0.
    pub n: u64,
}

impl Event {
    /// The message `n`.
    #[must_use]
    pub fn new(n: u64) -> Self {
        Self {
            text: "x".repeat(128),
            n,
        }
    }
}

/// Where the sender stands: one line at the start of the measured time, one at its end. Of a burst
/// they say before and after.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Mark {
    /// Messages that every member got, so far.
    pub completed: u64,
    /// The sender's clock.
    pub seconds: f64,
}

/// The sender's last line, when nothing more arrives.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct End {
    /// Messages sent.
    pub sent: u64,
    /// Messages that every member got.
    pub completed: u64,
}
