//! A member of a group that hears what is sent to it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use laureola_layers::{Channel, GroupName, Layer, LayerError, Mailbox};
use laureola_message::Value;
use laureola_redis::{Host, RedisChannelLayer, RedisConfig};
use tokio::time::{sleep, timeout};

use crate::{DEADLINE, PAUSE, chain};

pub(crate) struct Talk {
    pub(crate) layer: Layer,
    _channel: Channel,
    mailbox: Mailbox,
    sent: i64,
}

impl Talk {
    /// Connects and joins; a first message has arrived.
    pub(crate) async fn start(host: impl Into<Host>) -> Self {
        let config = RedisConfig::new(host).capacity(100_000);
        let layer = RedisChannelLayer::connect(config).await;
        let layer = Layer::new(layer.unwrap_or_else(|error| panic!("{}", chain(&error))));
        let (mut channel, mailbox) = layer.new_channel("specific").await.expect("a channel");
        channel.group_add(&room()).await.expect("a group");
        let mut talk = Self {
            layer,
            _channel: channel,
            mailbox,
            sent: 0,
        };
        talk.heard().await;
        talk
    }

    /// Sends to the group.
    pub(crate) async fn send(&mut self) -> Result<(), LayerError> {
        self.sent += 1;
        let event = BTreeMap::from([("n", self.sent)]);
        let room = room();
        let sending = self.layer.group_send(&room, &event);
        timeout(DEADLINE, sending).await.expect("no call hangs")
    }

    /// Sends until it fails, and tells why, with what has failed at once while it is away.
    pub(crate) async fn failure(&mut self) -> String {
        let waiting = async {
            loop {
                match self.send().await {
                    Ok(()) => sleep(PAUSE).await,
                    Err(error) => return chain(&error),
                }
            }
        };
        timeout(DEADLINE, waiting).await.expect("Redis is away")
    }

    /// Sends until a failure says this.
    pub(crate) async fn failure_that_says(&mut self, words: &str) {
        let mut last = String::new();
        let waiting = async {
            while !last.contains(words) {
                last = self.failure().await;
                sleep(PAUSE).await;
            }
        };
        if timeout(DEADLINE, waiting).await.is_err() {
            panic!("never {words:?}, but {last}");
        }
    }

    /// Sends until something arrives that was sent from now on.
    pub(crate) async fn heard(&mut self) {
        let from = self.sent;
        let waiting = async {
            loop {
                let _ = self.send().await;
                while let Ok(delivery) = timeout(PAUSE, self.mailbox.recv()).await {
                    let n = delivery.message().value().get("n").and_then(Value::as_i64);
                    if n.expect("a number") > from {
                        return;
                    }
                }
            }
        };
        timeout(DEADLINE, waiting).await.expect("a message arrives");
    }

    /// Redis is back since `back`: how long until a message arrived.
    pub(crate) async fn recovered(&mut self, what: &str, back: Instant) -> Duration {
        self.heard().await;
        let took = back.elapsed();
        println!("recovered from {what} after {} ms", took.as_millis());
        took
    }
}

pub(crate) fn room() -> GroupName {
    GroupName::new("room").expect("a group name")
}
