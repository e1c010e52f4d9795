//! One configuration: what either side sees of the other.

use std::sync::Arc;
use std::time::Duration;

use laureola_layers::{Layer, LayerError};
use laureola_message::{Message, Value};
use laureola_redis::{RedisChannelLayer, RedisConfig};
use laureola_testkit::{RedisServer, wait_until};
use parking_lot::Mutex;
use serde_json::json;

use crate::peer::{Peer, every_kind, numbered, numbers, receive, receive_many};
use crate::{DEADLINE, group, name};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_group_send_reaches_several_mailboxes_in_one_message() {
    let redis = RedisServer::start();
    let mut python = Peer::start(&redis, json!({}));
    let layer = connect(&redis).await;
    let mut members = Vec::new();
    for _ in 0..20 {
        let (mut channel, mailbox) = layer.new_channel("specific").await.unwrap();
        channel.group_add(&group("room")).await.unwrap();
        members.push((channel, mailbox));
    }
    let sent = numbers(0..10);
    python.group_send("room", &sent);
    for (_, mailbox) in &mut members {
        assert_eq!(receive_many(mailbox, 10).await, sent);
    }
    for (channel, _) in members {
        channel.close().await.unwrap();
    }
    assert_eq!(redis.command(&["EXISTS", "asgi:group:room"]).int(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rust_group_send_reaches_python_and_its_several_channels() {
    let redis = RedisServer::start();
    let mut python = Peer::start(&redis, json!({}));
    let layer = connect(&redis).await;
    let channels = [python.new_channel(), python.new_channel()];
    for channel in &channels {
        python.group_add("room", channel);
    }
    let sent = numbers(0..10);
    for message in &sent {
        layer
            .group_send_message(&group("room"), message.clone())
            .await
            .unwrap();
    }
    // One message in Redis serves both channels.
    let key = format!("asgi{}", name(&channels[0]).non_local());
    assert_eq!(redis.command(&["ZCARD", &key]).int(), 10);
    for channel in &channels {
        assert_eq!(python.receive(channel, 10), sent);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn direct_sends_cross_in_both_directions() {
    let redis = RedisServer::start();
    let mut python = Peer::start(&redis, json!({}));
    let layer = connect(&redis).await;
    let (channel, mut mailbox) = layer.new_channel("specific").await.unwrap();
    let sent = [
        every_kind(0),
        every_kind(300),
        every_kind(70_000),
        every_kind(1 << 20),
    ];
    assert_eq!(python.send(channel.name().as_str(), &sent), 4);
    assert_eq!(receive_many(&mut mailbox, 4).await, sent);

    let theirs = python.new_channel();
    for message in &sent {
        layer.send_message(&name(&theirs), message.clone()).await.unwrap();
    }
    assert_eq!(python.receive(&theirs, 4), sent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_channels_cross_in_both_directions() {
    let redis = RedisServer::start();
    let mut python = Peer::start(&redis, json!({}));
    let layer = connect(&redis).await;
    let sent = numbers(0..20);
    for message in &sent {
        layer
            .send_message(&name("thumbnails"), message.clone())
            .await
            .unwrap();
    }
    assert_eq!(python.receive("thumbnails", 20), sent);

    let mut mailbox = layer.listen(&name("thumbnails")).await.unwrap();
    assert_eq!(python.send("thumbnails", &sent), 20);
    assert_eq!(receive_many(&mut mailbox, 20).await, sent);

    // In a group's message a plain channel's name stands as well.
    python.group_add("room", "thumbnails");
    python.group_send("room", &[numbered(1)]);
    assert_eq!(receive(&mut mailbox).await, numbered(1));
    drop(mailbox);
    let sent = numbered(2);
    layer
        .group_send_message(&group("room"), sent.clone())
        .await
        .unwrap();
    assert_eq!(python.receive("thumbnails", 1), [sent]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_and_a_rust_receiver_share_a_plain_channel_without_repeats() {
    let redis = RedisServer::start();
    let mut python = Peer::start(&redis, json!({}));
    let layer = connect(&redis).await;
    let jobs = name("jobs");
    let mut mailbox = layer.listen(&jobs).await.unwrap();
    let ours = Arc::new(Mutex::new(Vec::new()));
    let receiving = tokio::spawn({
        let ours = Arc::clone(&ours);
        async move {
            loop {
                let message = receive(&mut mailbox).await;
                ours.lock().push(message);
            }
        }
    });
    let python = tokio::task::spawn_blocking(move || python.receive("jobs", 20));
    let mut sent = Vec::new();
    while !python.is_finished() {
        sent.push(numbered(sent.len() as i64));
        layer
            .send_message(&jobs, sent[sent.len() - 1].clone())
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let theirs = python.await.unwrap();
    wait_until("every message to arrive", DEADLINE, || {
        ours.lock().len() + theirs.len() >= sent.len()
    });
    receiving.abort();
    let mut all = [ours.lock().clone(), theirs].concat();
    all.sort_by_key(|message| message.value().get("n").and_then(Value::as_i64));
    assert!(all == sent, "{} of {}", all.len(), sent.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_adds_and_discards_a_rust_channel_by_name() {
    let redis = RedisServer::start();
    let mut python = Peer::start(&redis, json!({}));
    let layer = connect(&redis).await;
    let (channel, mut mailbox) = layer.new_channel("specific").await.unwrap();
    let ours = channel.name().as_str();
    python.group_add("room", ours);
    layer
        .group_send_message(&group("room"), numbered(1))
        .await
        .unwrap();
    python.group_discard("room", ours);
    layer
        .group_send_message(&group("room"), numbered(2))
        .await
        .unwrap();
    python.send(ours, &[numbered(3)]);
    assert_eq!(receive_many(&mut mailbox, 2).await, [numbered(1), numbered(3)]);

    let theirs = python.new_channel();
    layer.group_add(&group("hall"), &name(&theirs)).await.unwrap();
    python.group_send("hall", &[numbered(4)]);
    layer.group_discard(&group("hall"), &name(&theirs)).await.unwrap();
    python.group_send("hall", &[numbered(5)]);
    layer.send_message(&name(&theirs), numbered(6)).await.unwrap();
    assert_eq!(python.receive(&theirs, 2), [numbered(4), numbered(6)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn either_side_sees_a_full_channel_and_messages_expire() {
    let redis = RedisServer::start();
    let mut python = Peer::start(&redis, json!({"capacity": 5, "expiry": 1}));
    let config = RedisConfig::new(redis.url())
        .capacity(5)
        .expiry(Duration::from_secs(1));
    let layer = Layer::new(RedisChannelLayer::connect(config).await.unwrap());
    assert_eq!(python.send("jobs", &numbers(0..9)), 5);
    let full = layer.send_message(&name("jobs"), numbered(9)).await;
    assert!(matches!(full, Err(LayerError::ChannelFull(channel)) if channel == name("jobs")));

    let theirs = name(&python.new_channel());
    for n in 0..5 {
        layer.send_message(&theirs, numbered(n)).await.unwrap();
    }
    assert_eq!(python.send(theirs.as_str(), &[numbered(5)]), 0);
    // A group send to the full channel is dropped in silence.
    layer.group_add(&group("room"), &theirs).await.unwrap();
    layer
        .group_send_message(&group("room"), numbered(6))
        .await
        .unwrap();
    let key = format!("asgi{}", theirs.non_local());
    assert_eq!(redis.command(&["ZCARD", &key]).int(), 5);
    wait_until("both keys to expire", DEADLINE, || {
        redis.command(&["EXISTS", &key, "asgijobs"]).int() == 0
    });
    assert_eq!(python.send("jobs", &[numbered(7)]), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_left_in_flight_by_a_dead_process_is_taken_over() {
    let redis = RedisServer::start();
    let mut python = Peer::start(&redis, json!({}));
    let layer = connect(&redis).await;
    python.send("jobs", &[numbered(1)]);
    python.die_with_message_in_flight("jobs");
    assert_eq!(redis.command(&["ZCARD", "asgijobs$inflight"]).int(), 1);
    let mut mailbox = layer.listen(&name("jobs")).await.unwrap();
    assert_eq!(receive(&mut mailbox).await, numbered(1));
    assert_eq!(
        redis.command(&["EXISTS", "asgijobs", "asgijobs$inflight"]).int(),
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_500_arrives_in_order_on_either_side() {
    let redis = RedisServer::start();
    let mut python = Peer::start(&redis, json!({"capacity": 1000}));
    let config = RedisConfig::new(redis.url()).capacity(1000);
    let layer = Layer::new(RedisChannelLayer::connect(config).await.unwrap());
    let (mut channel, mut mailbox) = layer.new_channel("specific").await.unwrap();
    let theirs = python.new_channel();
    channel.group_add(&group("room")).await.unwrap();
    python.group_add("room", &theirs);
    let (first, second) = (numbers(0..500), numbers(500..1000));
    for message in &first {
        layer
            .group_send_message(&group("room"), message.clone())
            .await
            .unwrap();
    }
    python.group_send("room", &second);
    let ours: Vec<Message> = receive_many(&mut mailbox, 1000).await;
    assert!(ours.iter().eq(first.iter().chain(&second)));
    let theirs = python.receive(&theirs, 1000);
    assert!(theirs.iter().eq(first.iter().chain(&second)));
    channel.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_prefix_is_another_layer() {
    let redis = RedisServer::start();
    let mut python = Peer::start(&redis, json!({"prefix": "chat"}));
    let config = RedisConfig::new(redis.url()).prefix("chat");
    let ours = Layer::new(RedisChannelLayer::connect(config).await.unwrap());
    let other = connect(&redis).await;
    other.send_message(&name("jobs"), numbered(1)).await.unwrap();
    ours.send_message(&name("jobs"), numbered(2)).await.unwrap();
    assert_eq!(python.receive("jobs", 1), [numbered(2)]);
    ours.flush().await.unwrap();
    assert_eq!(redis.command(&["KEYS", "*"]).texts(), ["asgijobs"]);
}

async fn connect(redis: &RedisServer) -> Layer {
    let config = RedisConfig::new(redis.url());
    Layer::new(RedisChannelLayer::connect(config).await.expect("a server"))
}
