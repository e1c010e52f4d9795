//! Who is in a group, for how long, and what its consumer hears when Redis is away.

mod joining;
mod mailboxes;
mod operators;
mod the_dead;

use std::collections::BTreeMap;
use std::time::Duration;

use laureola_layers::{Channel, GroupName, Layer, Mailbox};
use laureola_message::Value;
use laureola_redis::{RedisChannelLayer, RedisConfig};
use tokio::time::{sleep, timeout};

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(20);
/// A pause between two looks.
const PAUSE: Duration = Duration::from_millis(10);

async fn connect(config: RedisConfig) -> Layer {
    Layer::new(RedisChannelLayer::connect(config).await.expect("a server"))
}

async fn open(layer: &Layer) -> (Channel, Mailbox) {
    layer.new_channel("specific").await.expect("a channel")
}

fn group(name: &str) -> GroupName {
    GroupName::new(name).expect("a group name")
}

fn room() -> GroupName {
    group("room")
}

async fn group_send(layer: &Layer, n: i64) {
    let sent = layer.group_send(&room(), &BTreeMap::from([("n", n)])).await;
    sent.expect("sent");
}

async fn next(mailbox: &mut Mailbox) -> i64 {
    let delivery = timeout(DEADLINE, mailbox.recv())
        .await
        .expect("a message arrives");
    let value = delivery.message().value();
    value.get("n").and_then(Value::as_i64).expect("a number")
}

async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let waiting = async {
        while !condition() {
            sleep(PAUSE).await;
        }
    };
    timeout(DEADLINE, waiting)
        .await
        .unwrap_or_else(|_| panic!("in vain: {what}"));
}
