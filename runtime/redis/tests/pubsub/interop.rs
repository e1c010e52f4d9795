//! With the real channels_redis.pubsub on the same Redis, in both directions.

use laureola_layers::{Layer, LayerError};
use laureola_message::Message;
use laureola_testkit::RespValue;
use serde_json::json;

use crate::peer::{Peer, every_json_kind, every_kind};
use crate::support::{
    config, connect, group, name, number, numbered, numbers, open, receive, receive_many, servers,
};

/// Groups and channels, in both directions.
async fn cross(layer: &Layer, python: &mut Peer, messages: &[Message]) {
    let (mut channel, mut mailbox) = open(layer).await;
    let theirs = python.new_channel();
    channel.group_add(&group("room")).await.expect("Redis is there");
    python.group_add("room", &theirs);

    python.group_send("room", messages);
    assert_eq!(receive_many(&mut mailbox, messages.len()).await, messages);
    assert_eq!(python.receive(&theirs, messages.len()), messages);

    for message in messages {
        layer
            .group_send_message(&group("room"), message.clone())
            .await
            .expect("Redis is there");
    }
    assert_eq!(receive_many(&mut mailbox, messages.len()).await, messages);
    assert_eq!(python.receive(&theirs, messages.len()), messages);

    python.send(channel.name().as_str(), messages);
    assert_eq!(receive_many(&mut mailbox, messages.len()).await, messages);
    for message in messages {
        layer
            .send_message(&name(&theirs), message.clone())
            .await
            .expect("Redis is there");
    }
    assert_eq!(python.receive(&theirs, messages.len()), messages);

    python.group_discard("room", &theirs);
    channel
        .group_discard(&group("room"))
        .await
        .expect("Redis is there");
    python.group_send("room", &[numbered(1)]);
    python.send(channel.name().as_str(), &[numbered(2)]);
    assert_eq!(receive(&mut mailbox).await, numbered(2), "discarded");
    channel.close().await.expect("Redis is there");
}

fn all_kinds() -> Vec<Message> {
    [0, 300, 70_000, 1 << 20].map(every_kind).into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_every_kind_cross() {
    let redis = servers(1);
    let layer = connect(config(&redis)).await;
    let mut python = Peer::start(&redis, json!({}));
    cross(&layer, &mut python, &all_kinds()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encrypted_messages_cross_and_keys_rotate() {
    let redis = servers(1);
    let layer = connect(config(&redis).symmetric_encryption_keys(["new", "old"])).await;
    let mut python = Peer::start(&redis, json!({"symmetric_encryption_keys": ["old", "new"]}));
    cross(&layer, &mut python, &all_kinds()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_in_json_cross_plain_and_encrypted() {
    let redis = servers(1);
    let messages: Vec<_> = [0, 300, 1 << 20]
        .map(|length| Message::from_value(&every_json_kind(length)).unwrap())
        .into();
    let json = config(&redis).serializer_format("json");
    let layer = connect(json.clone().prefix("plain")).await;
    let mut python = Peer::start(&redis, json!({"serializer_format": "json", "prefix": "plain"}));
    cross(&layer, &mut python, &messages).await;
    let layer = connect(json.symmetric_encryption_keys(["key"])).await;
    let options = json!({"serializer_format": "json", "symmetric_encryption_keys": ["key"]});
    let mut python = Peer::start(&redis, options);
    cross(&layer, &mut python, &messages).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_hosts_are_shared_alike() {
    let redis = servers(2);
    let layer = connect(config(&redis)).await;
    let mut python = Peer::start(&redis, json!({}));
    let mut used = [0, 0];
    for n in 0..12 {
        let room = format!("room_{n}");
        let (mut channel, mut mailbox) = open(&layer).await;
        let theirs = python.new_channel();
        channel.group_add(&group(&room)).await.unwrap();
        python.group_add(&room, &theirs);
        python.group_send(&room, &[numbered(n)]);
        layer
            .group_send_message(&group(&room), numbered(n))
            .await
            .unwrap();
        python.send(channel.name().as_str(), &[numbered(-n)]);
        layer.send_message(&name(&theirs), numbered(-n)).await.unwrap();
        // The group's and the channel's host may differ, so their order is open.
        let sorted = |mut messages: Vec<Message>| {
            messages.sort_by_key(number);
            messages
        };
        let expected = [-n, n, n].map(numbered);
        assert_eq!(sorted(receive_many(&mut mailbox, 3).await), expected);
        assert_eq!(sorted(python.receive(&theirs, 3)), expected);
        for (redis, used) in redis.iter().zip(&mut used) {
            *used += redis.command(&["PUBSUB", "CHANNELS"]).texts().len();
        }
    }
    assert!(used.iter().all(|used| *used > 0), "{used:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_channel_goes_to_every_process_that_listens() {
    let redis = servers(1);
    let layer = connect(config(&redis)).await;
    let mut python = Peer::start(&redis, json!({}));
    let mut mailbox = layer.listen(&name("thumbnails")).await.unwrap();
    python.listen("thumbnails");
    let sent = numbers(0..20);
    python.send("thumbnails", &sent);
    assert_eq!(receive_many(&mut mailbox, 20).await, sent);
    assert_eq!(python.receive("thumbnails", 20), sent);
    for message in &sent {
        layer
            .send_message(&name("thumbnails"), message.clone())
            .await
            .unwrap();
    }
    assert_eq!(receive_many(&mut mailbox, 20).await, sent);
    assert_eq!(python.receive("thumbnails", 20), sent);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_2000_arrives_in_order_on_either_side() {
    let redis = servers(1);
    let layer = connect(config(&redis).capacity(5_000)).await;
    let mut python = Peer::start(&redis, json!({}));
    let (mut channel, mut mailbox) = open(&layer).await;
    let theirs = python.new_channel();
    channel.group_add(&group("room")).await.unwrap();
    python.group_add("room", &theirs);
    let (first, second) = (numbers(0..2_000), numbers(2_000..4_000));
    for message in &first {
        layer
            .group_send_message(&group("room"), message.clone())
            .await
            .unwrap();
    }
    python.group_send("room", &second);
    let all = [first, second].concat();
    assert!(receive_many(&mut mailbox, 4_000).await == all);
    assert!(python.receive(&theirs, 4_000) == all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_and_payloads_are_those_of_the_reference() {
    let redis = servers(1);
    let layer = connect(config(&redis).prefix("chat")).await;
    let mut python = Peer::start(&redis, json!({"prefix": "chat"}));
    let (mut channel, mut mailbox) = open(&layer).await;
    let theirs = python.new_channel();
    let shape = |name: &str| {
        let hex = name.strip_prefix("chatspecific.").expect("both prefixes");
        hex.len() == 32
            && hex
                .bytes()
                .all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase())
    };
    assert!(shape(channel.name().as_str()) && shape(&theirs));
    let refused = layer.group_add(&group("room"), &name(&theirs)).await;
    assert!(matches!(refused, Err(LayerError::Unsupported(_))));

    channel.group_add(&group("room")).await.unwrap();
    let listed = redis[0].command(&["PUBSUB", "CHANNELS"]);
    let mut subscribed = listed.texts();
    subscribed.sort_unstable();
    let mut expected = ["chat__group__room", channel.name().as_str(), &theirs];
    expected.sort_unstable();
    assert_eq!(subscribed, expected);
    let publish: [&[u8]; 3] = [b"PUBLISH", b"chat__group__room", b"\x81\xa1n\x07"];
    assert_eq!(redis[0].command(&publish), RespValue::Integer(1));
    assert_eq!(number(&receive(&mut mailbox).await), 7);
    assert_eq!(redis[0].command(&["DBSIZE"]).int(), 0, "there are no keys");
}
