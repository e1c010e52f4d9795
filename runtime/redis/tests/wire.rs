//! What stands in Redis, byte for byte, and what several processes make of it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use laureola_layers::{ChannelName, GroupName, Layer, Mailbox};
use laureola_message::{Value, msgpack};
use laureola_redis::layer_from_url;
use laureola_testkit::RedisServer;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_send_names_its_channel_in_a_str_and_a_plain_channel_not_at_all() {
    let redis = RedisServer::start();
    let layer = connect(&redis).await;
    let elsewhere = name("specific.0123456789abcdef0123456789abcdef!one");
    send(&layer, &elsewhere, 1).await;
    send(&layer, &name("jobs"), 2).await;
    let key = "asgispecific.0123456789abcdef0123456789abcdef!";
    let (message, score) = only_message(&redis, key);
    let channel = Value::from(elsewhere.as_str());
    assert_eq!(message, dict(1, Some(channel)));
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("after 1970");
    assert!((now.as_secs_f64() - score).abs() < 10.0, "seconds, not {score}");
    let live = redis.command(&["TTL", key]).int();
    assert!((50..=60).contains(&live), "{live} s to live");
    assert_eq!(only_message(&redis, "asgijobs").0, dict(2, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_send_names_the_channels_of_each_key_in_a_list() {
    let redis = RedisServer::start();
    let layer = connect(&redis).await;
    let room = GroupName::new("room").expect("a group name");
    // More keys than one call of the script takes.
    let processes = 300;
    for process in 0..processes {
        for local in 0..2 {
            let member = name(&format!("specific.p{process}!{local}"));
            layer.group_add(&room, &member).await.expect("added");
        }
    }
    layer.group_add(&room, &name("jobs")).await.expect("added");
    let live = redis.command(&["TTL", "asgi:group:room"]).int();
    assert!((86_300..=86_400).contains(&live), "{live} s to live");

    layer
        .group_send(&room, &BTreeMap::from([("n", 1)]))
        .await
        .expect("sent");
    for process in 0..processes {
        let names: Vec<Value> = (0..2)
            .map(|local| format!("specific.p{process}!{local}").as_str().into())
            .collect();
        let (message, _) = only_message(&redis, &format!("asgispecific.p{process}!"));
        assert_eq!(message, dict(1, Some(Value::Array(names))));
    }
    let names = Value::Array(vec!["jobs".into()]);
    assert_eq!(only_message(&redis, "asgijobs").0, dict(1, Some(names)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_members_of_a_process_take_one_message() {
    let redis = RedisServer::start();
    let (sender, receiver) = (connect(&redis).await, connect(&redis).await);
    let room = GroupName::new("room").expect("a group name");
    let mut members = Vec::new();
    for _ in 0..10_000 {
        let (mut channel, mailbox) = receiver.new_channel("specific").await.expect("a channel");
        channel.group_add(&room).await.expect("added");
        members.push((channel, mailbox));
    }
    for n in 0..3 {
        sender
            .group_send(&room, &BTreeMap::from([("n", n)]))
            .await
            .expect("sent");
    }
    for (_, mailbox) in &mut members {
        for n in 0..3 {
            assert_eq!(next(mailbox).await, n);
        }
    }
    receiver.close().await;
    assert_eq!(redis.command(&["EXISTS", "asgi:group:room"]).int(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_hear_each_other_and_share_the_work() {
    let redis = RedisServer::start();
    let (one, two) = (connect(&redis).await, connect(&redis).await);
    let room = GroupName::new("room").expect("a group name");
    let (mut first, mut first_mailbox) = one.new_channel("specific").await.expect("a channel");
    let (mut second, mut second_mailbox) = two.new_channel("specific").await.expect("a channel");
    first.group_add(&room).await.expect("added");
    second.group_add(&room).await.expect("added");
    for n in 0..100 {
        let layer = if n % 2 == 0 { &one } else { &two };
        let sent = layer.group_send(&room, &BTreeMap::from([("n", n)])).await;
        sent.expect("sent");
        assert_eq!(next(&mut first_mailbox).await, n);
        assert_eq!(next(&mut second_mailbox).await, n);
    }
    send(&one, second.name(), 1).await;
    assert_eq!(next(&mut second_mailbox).await, 1);

    let jobs = name("jobs");
    let mut here = one.listen(&jobs).await.expect("a plain channel");
    let mut there = two.listen(&jobs).await.expect("a plain channel");
    let mut seen = Vec::new();
    for n in 0..100 {
        send(&one, &jobs, n).await;
        seen.push(tokio::select! {
            n = next(&mut here) => n,
            n = next(&mut there) => n,
        });
    }
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..100), "each once");
}

/// A sender guesses that a small group is as it was; whoever joins or leaves by another's hand must
/// not be missed for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_others_change_is_never_sent_to_as_it_was() {
    let redis = RedisServer::start();
    let (sender, receiver) = (connect(&redis).await, connect(&redis).await);
    let room = GroupName::new("room").expect("a group name");
    let (first, mut first_mailbox) = receiver.new_channel("specific").await.expect("a channel");
    let (second, mut second_mailbox) = receiver.new_channel("specific").await.expect("a channel");
    let group_send = async |n: i64| {
        let sent = sender.group_send(&room, &BTreeMap::from([("n", n)])).await;
        sent.expect("sent");
    };
    group_send(0).await;
    receiver.group_add(&room, first.name()).await.expect("added");
    group_send(1).await;
    group_send(2).await;
    receiver.group_add(&room, second.name()).await.expect("added");
    group_send(3).await;
    group_send(4).await;
    redis.command(&["ZREM", "asgi:group:room", first.name().as_str()]);
    group_send(5).await;
    redis.command(&["DEL", "asgi:group:room"]);
    group_send(6).await;
    receiver.group_add(&room, first.name()).await.expect("added");
    group_send(7).await;
    for n in [1, 2, 3, 4, 7] {
        assert_eq!(next(&mut first_mailbox).await, n);
    }
    for n in [3, 4, 5] {
        assert_eq!(next(&mut second_mailbox).await, n);
    }
    assert!(second_mailbox.try_recv().is_none());
}

async fn connect(redis: &RedisServer) -> Layer {
    layer_from_url(&redis.url(), "asgi").await.expect("a server")
}

fn name(name: &str) -> ChannelName {
    ChannelName::new(name).expect("a channel name")
}

async fn send(layer: &Layer, channel: &ChannelName, n: i64) {
    let sent = layer.send(channel, &BTreeMap::from([("n", n)])).await;
    sent.expect("there is room");
}

async fn next(mailbox: &mut Mailbox) -> i64 {
    let delivery = timeout(DEADLINE, mailbox.recv())
        .await
        .expect("a message arrives");
    let value = delivery.message().value();
    value.get("n").and_then(Value::as_i64).expect("a number")
}

fn dict(n: i64, channels: Option<Value>) -> Value {
    let mut pairs = vec![("n".into(), n.into())];
    pairs.extend(channels.map(|channels| ("__asgi_channel__".into(), channels)));
    Value::Map(pairs)
}

/// The message behind the 12 random bytes, and its score.
fn only_message(redis: &RedisServer, key: &str) -> (Value, f64) {
    let reply = redis.command(&["ZRANGE", key, "0", "-1", "WITHSCORES"]);
    let [member, score] = reply.items() else {
        panic!("{key} holds {reply:?}");
    };
    let payload = Bytes::copy_from_slice(&member.bytes()[12..]);
    let message = msgpack::decode(payload).expect("msgpack");
    (message, score.text().parse().expect("a score"))
}
