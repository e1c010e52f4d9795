//! Group sends of one process that wait for each other share their calls to Redis.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::join_all;
use laureola_layers::{ChannelName, GroupName, Layer, LayerError};
use laureola_message::{Value, json, msgpack};
use laureola_redis::{RedisChannelLayer, RedisConfig};
use laureola_testkit::RedisServer;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(20);
/// More than a sender remembers of a group.
const MEMBERS: usize = 100;
const SENDS: i64 = 50;

#[tokio::test]
async fn sends_that_wait_for_each_other_are_read_for_and_sent_together() {
    let redis = RedisServer::start();
    let layer = connect(RedisConfig::new(redis.url())).await;
    let names = add(&layer, MEMBERS).await;
    // The script is known from here on.
    group_send(&layer, -1).await.expect("sent");
    redis.command(&["DEL", "asgispecific.p!"]);
    redis.command(&["CONFIG", "RESETSTAT"]);

    for sent in join_all((0..SENDS).map(|n| group_send(&layer, n))).await {
        sent.expect("sent");
    }
    assert_eq!(calls(&redis, "zrange"), 2, "the first one's, and all others'");
    assert_eq!(calls(&redis, "evalsha"), 2);
    let expected: Vec<_> = (0..SENDS).map(|n| dict(n, &names)).collect();
    assert_eq!(messages(&redis), expected, "as if each had come alone");
    let members = redis.command(&["ZRANGE", "asgispecific.p!", "0", "-1", "WITHSCORES"]);
    let scores = members.items().iter().skip(1).step_by(2);
    let scores: Vec<f64> = scores
        .map(|score| score.text().parse().expect("a score"))
        .collect();
    assert!(scores.is_sorted_by(|one, next| one < next), "{scores:?}");
}

#[tokio::test]
async fn a_channel_that_is_full_takes_the_first_of_them() {
    let redis = RedisServer::start();
    let layer = connect(RedisConfig::new(redis.url()).capacity(10)).await;
    let names = add(&layer, MEMBERS).await;
    for sent in join_all((0..SENDS).map(|n| group_send(&layer, n))).await {
        sent.expect("a group send does not fail for that");
    }
    let expected: Vec<_> = (0..10).map(|n| dict(n, &names)).collect();
    assert_eq!(messages(&redis), expected);
}

#[tokio::test]
async fn whoever_joined_before_a_send_is_not_missed_by_it() {
    let redis = RedisServer::start();
    let layer = connect(RedisConfig::new(redis.url())).await;
    let mut names = add(&layer, MEMBERS).await;
    let mut first = pin!(group_send(&layer, 0));
    assert!(first.as_mut().now_or_never().is_none());
    let mut second = pin!(group_send(&layer, 1));
    assert!(second.as_mut().now_or_never().is_none());
    first.await.expect("sent");
    // What reads for the second may be under way: the third must not use it.
    names.extend(add_from(&layer, MEMBERS, 1).await);
    let third = group_send(&layer, 2);
    let (second, third) = tokio::join!(second, third);
    second.and(third).expect("sent");
    assert_eq!(messages(&redis).pop(), Some(dict(2, &names)));
}

#[tokio::test]
async fn a_sender_that_gives_up_takes_nobody_along() {
    let redis = RedisServer::start();
    let layer = connect(RedisConfig::new(redis.url())).await;
    let names = add(&layer, MEMBERS).await;
    let mut others = Vec::new();
    {
        let mut first = pin!(group_send(&layer, 0));
        assert!(first.as_mut().now_or_never().is_none());
        for n in 1..4 {
            let mut send = Box::pin(group_send(&layer, n));
            assert!(send.as_mut().now_or_never().is_none());
            others.push(send);
        }
        // The one that has the turn goes, and one that waits.
        drop(others.remove(1));
    }
    for sent in timeout(DEADLINE, join_all(others))
        .await
        .expect("their turn comes")
    {
        sent.expect("sent");
    }
    let messages = messages(&redis);
    for n in [1, 3] {
        assert!(messages.contains(&dict(n, &names)), "{n}");
    }
    group_send(&layer, 4).await.expect("nothing is left of them");
}

#[tokio::test]
async fn a_message_that_cannot_be_written_fails_alone() {
    let redis = RedisServer::start();
    let config = RedisConfig::new(redis.url()).serializer_format("json");
    let layer = connect(config).await;
    add(&layer, MEMBERS).await;
    let room = room();
    let good = |n: i64| Value::Map(vec![("n".into(), n.into())]);
    let bad = Value::Map(vec![("n".into(), Value::Bin(Bytes::from_static(b"\xff")))]);
    let values = [good(0), good(1), bad, good(3)];
    let sent = join_all(values.iter().map(|value| layer.group_send(&room, value))).await;
    let failed: Vec<_> = sent.iter().map(Result::is_err).collect();
    assert_eq!(failed, [false, false, true, false]);
    let sent = stored(&redis, |payload| json::decode(payload).expect("JSON"));
    let numbers: Vec<_> = sent
        .iter()
        .map(|value| value.get("n").and_then(Value::as_i64))
        .collect();
    assert_eq!(numbers, [Some(0), Some(1), Some(3)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_away_is_told_to_each_of_them() {
    let mut redis = RedisServer::start();
    let layer = connect(RedisConfig::new(redis.url())).await;
    add(&layer, MEMBERS).await;
    redis.stop();
    let sends = join_all((0..SENDS).map(|n| group_send(&layer, n)));
    for sent in timeout(DEADLINE, sends).await.expect("none waits for ever") {
        let error = sent.expect_err("nobody has it");
        let LayerError::Backend { context, source } = error else {
            panic!("{error:?}");
        };
        assert!(context.contains("at Redis"), "{context}");
        assert!(
            source.downcast_ref::<laureola_redis::RedisFault>().is_some(),
            "{source:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_sender_keeps_its_order_and_nothing_is_lost() {
    const SENDERS: i64 = 8;
    let redis = RedisServer::start();
    let config = || RedisConfig::new(redis.url()).capacity(100_000);
    let (sender, receiver) = (connect(config()).await, connect(config()).await);
    let mut members = Vec::new();
    for _ in 0..MEMBERS {
        let (mut channel, mailbox) = receiver.new_channel("specific").await.expect("a channel");
        channel.group_add(&room()).await.expect("added");
        members.push((channel, mailbox));
    }
    let senders: Vec<_> = (0..SENDERS)
        .map(|number| {
            let layer = sender.clone();
            tokio::spawn(async move {
                for n in 0..SENDS {
                    group_send(&layer, n * SENDERS + number).await.expect("sent");
                }
            })
        })
        .collect();
    for (_, mailbox) in &mut members {
        let mut next = [0; SENDERS as usize];
        for _ in 0..SENDS * SENDERS {
            let delivery = timeout(DEADLINE, mailbox.recv()).await.expect("none is lost");
            let n = delivery
                .message()
                .value()
                .get("n")
                .and_then(Value::as_i64)
                .expect("a number");
            let expected = &mut next[usize::try_from(n % SENDERS).expect("small")];
            assert_eq!(n / SENDERS, *expected);
            *expected += 1;
        }
        assert!(mailbox.try_recv().is_none());
    }
    for sender in senders {
        sender.await.expect("it ended");
    }
}

fn room() -> GroupName {
    GroupName::new("room").expect("a group name")
}

async fn connect(config: RedisConfig) -> Layer {
    Layer::new(RedisChannelLayer::connect(config).await.expect("a server"))
}

/// Adds channels of a process that is not there, so that what is sent stays in Redis.
async fn add(layer: &Layer, count: usize) -> Vec<String> {
    add_from(layer, 0, count).await
}

async fn add_from(layer: &Layer, first: usize, count: usize) -> Vec<String> {
    let names: Vec<_> = (first..first + count)
        .map(|n| format!("specific.p!{n}"))
        .collect();
    for name in &names {
        let channel = ChannelName::new(name.as_str()).expect("a name");
        layer.group_add(&room(), &channel).await.expect("added");
    }
    names
}

async fn group_send(layer: &Layer, n: i64) -> Result<(), LayerError> {
    layer.group_send(&room(), &BTreeMap::from([("n", n)])).await
}

fn dict(n: i64, channels: &[String]) -> Value {
    let channels = channels.iter().map(|name| name.as_str().into()).collect();
    Value::Map(vec![
        ("n".into(), n.into()),
        ("__asgi_channel__".into(), Value::Array(channels)),
    ])
}

fn messages(redis: &RedisServer) -> Vec<Value> {
    stored(redis, |payload| msgpack::decode(payload).expect("msgpack"))
}

/// What waits for the process, in order.
fn stored(redis: &RedisServer, read: impl Fn(Bytes) -> Value) -> Vec<Value> {
    let members = redis.command(&["ZRANGE", "asgispecific.p!", "0", "-1"]);
    let payload = |member: &[u8]| Bytes::copy_from_slice(&member[12..]);
    members
        .items()
        .iter()
        .map(|member| read(payload(member.bytes())))
        .collect()
}

/// How often Redis was asked for it by a client.
fn calls(redis: &RedisServer, command: &str) -> i64 {
    let stats = redis.command(&["INFO", "commandstats"]);
    let line = stats
        .text()
        .lines()
        .find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
    line.and_then(|line| line.split(',').next())
        .map_or(0, |calls| calls.parse().expect("a number"))
}
