//! What the tests of the pub/sub layer share.

use std::time::Duration;

use laureola_layers::{Channel, ChannelName, GroupName, Layer, Mailbox, Notice, mailbox::Received};
use laureola_message::{Message, Value};
use laureola_redis::{RedisConfig, RedisPubSubChannelLayer};
use laureola_testkit::RedisServer;
use tokio::time::{sleep, timeout};

/// How long anything may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
/// A pause between two looks or two messages.
pub(crate) const PAUSE: Duration = Duration::from_millis(5);

/// So many servers.
pub(crate) fn servers(count: usize) -> Vec<RedisServer> {
    (0..count).map(|_| RedisServer::start()).collect()
}

/// The defaults, on these servers.
pub(crate) fn config(redis: &[RedisServer]) -> RedisConfig {
    RedisConfig::default().hosts(redis.iter().map(RedisServer::url))
}

pub(crate) async fn connect(config: RedisConfig) -> Layer {
    let layer = RedisPubSubChannelLayer::connect(config).await;
    Layer::new(layer.expect("a server"))
}

pub(crate) async fn open(layer: &Layer) -> (Channel, Mailbox) {
    layer.new_channel("specific").await.expect("a channel")
}

pub(crate) fn name(name: &str) -> ChannelName {
    ChannelName::new(name).expect("a channel name")
}

pub(crate) fn group(name: &str) -> GroupName {
    GroupName::new(name).expect("a group name")
}

/// `{"type": "test.number", "n": n}`.
pub(crate) fn numbered(n: i64) -> Message {
    let value = Value::Map(vec![
        ("type".into(), "test.number".into()),
        ("n".into(), n.into()),
    ]);
    Message::from_value(&value).expect("a map")
}

pub(crate) fn numbers(range: std::ops::Range<i64>) -> Vec<Message> {
    range.map(numbered).collect()
}

pub(crate) fn number(message: &Message) -> i64 {
    message
        .value()
        .get("n")
        .and_then(Value::as_i64)
        .expect("a number")
}

/// The next message of a mailbox.
pub(crate) async fn receive(mailbox: &mut Mailbox) -> Message {
    let delivery = timeout(DEADLINE, mailbox.recv())
        .await
        .expect("a message arrives");
    delivery.message().clone()
}

pub(crate) async fn receive_many(mailbox: &mut Mailbox, count: usize) -> Vec<Message> {
    let mut messages = Vec::new();
    while messages.len() < count {
        messages.push(receive(mailbox).await);
    }
    messages
}

/// The next notice, whatever messages come before it.
pub(crate) async fn notice(mailbox: &mut Mailbox) -> Notice {
    let waiting = async {
        loop {
            if let Received::Notice(notice) = mailbox.next().await {
                return notice;
            }
        }
    };
    timeout(DEADLINE, waiting).await.expect("a notice comes")
}

pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !condition().await {
            sleep(PAUSE).await;
        }
    };
    timeout(DEADLINE, waiting)
        .await
        .unwrap_or_else(|_| panic!("in vain: {what}"));
}
