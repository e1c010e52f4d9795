//! What goes wrong between this process and Redis, and what then goes on.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use laureola_layers::{Channel, ChannelName, GroupName, Layer, LayerError, Mailbox};
use laureola_message::Value;
use laureola_redis::{RedisChannelLayer, RedisConfig, layer_from_url};
use laureola_testkit::{RedisServer, RespValue, free_port};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How long anything may take.
const DEADLINE: Duration = Duration::from_secs(20);
/// A pause between two looks or two messages.
const PAUSE: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_redis_under_load_is_survived_with_its_groups() {
    let mut redis = RedisServer::start();
    let layer = connect(&redis).await;
    let (mut channel, mut mailbox) = open(&layer).await;
    channel.group_add(&room()).await.unwrap();
    let sender = tokio::spawn({
        let layer = layer.clone();
        async move {
            for n in 0.. {
                // Fails at once while Redis is away.
                let _ = timeout(DEADLINE, group_send(&layer, n))
                    .await
                    .expect("no call hangs");
                sleep(PAUSE).await;
            }
        }
    });
    for _ in 0..3 {
        let before = next(&mut mailbox).await;
        redis.restart();
        // Messages come again, in order, and it is not only what was under way.
        let mut last = before;
        while last < before + 200 {
            let n = next(&mut mailbox).await;
            assert!(n > last, "{n} after {last}");
            last = n;
        }
    }
    sender.abort();
    assert_eq!(redis.command(&["ZCARD", "asgi:group:room"]).int(), 1);
    channel.close().await.unwrap();
    assert_eq!(redis.command(&["EXISTS", "asgi:group:room"]).int(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_the_receiving_connection_between_messages_loses_none() {
    let redis = RedisServer::start();
    let layer = connect(&redis).await;
    let (channel, mut mailbox) = open(&layer).await;
    for n in 0..20 {
        send(&layer, channel.name(), n).await.unwrap();
        assert_eq!(next(&mut mailbox).await, n);
        kill_receiver(&redis).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_the_receiving_connection_under_load_repeats_nothing_and_loses_one_at_most() {
    const KILLS: i64 = 40;
    const SENDERS: i64 = 8;
    let redis = RedisServer::start();
    let config = RedisConfig::new(redis.url()).capacity(100_000);
    let layer = Layer::new(RedisChannelLayer::connect(config).await.unwrap());
    let (channel, mut mailbox) = open(&layer).await;
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let (layer, name) = (layer.clone(), channel.name().clone());
        senders.spawn(async move {
            for n in 0.. {
                let sent = send(&layer, &name, n * SENDERS + sender).await;
                sent.expect("commands have a connection of their own");
            }
        });
    }
    let (mut lasts, mut lost, mut received) = ([-1; SENDERS as usize], 0, 0);
    for _ in 0..KILLS {
        redis.command(&["CLIENT", "KILL", "ID", &receiver_id(&redis).await]);
        for _ in 0..200 {
            let message = next(&mut mailbox).await;
            let (n, last) = (message / SENDERS, &mut lasts[(message % SENDERS) as usize]);
            assert!(n > *last, "{n} after {last}");
            lost += n - *last - 1;
            *last = n;
            received += 1;
        }
    }
    senders.shutdown().await;
    println!("received {received}, lost {lost} messages in {KILLS} kills");
    assert!(lost <= KILLS, "{lost} lost");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stands_in_flight_comes_after_a_reconnect() {
    let redis = RedisServer::start();
    let layer = connect(&redis).await;
    let (channel, mut mailbox) = open(&layer).await;
    // The receiver runs and has looked.
    send(&layer, channel.name(), 0).await.unwrap();
    assert_eq!(next(&mut mailbox).await, 0);
    receiver(&redis).await;
    let member = member(channel.name(), 7);
    let in_flight = format!("asgi{}$inflight", channel.name().non_local());
    let add: [&[u8]; 4] = [b"ZADD", in_flight.as_bytes(), b"1.5", &member];
    redis.command(&add);
    kill_receiver(&redis).await;
    assert_eq!(next(&mut mailbox).await, 7);
    until("nothing is in flight", || {
        redis.command(&["EXISTS", &in_flight]).int() == 0
    })
    .await;
}

/// Where others keep coming, a popped message waits for them; not for a server that hangs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_popped_message_is_not_kept_while_redis_hangs() {
    let redis = RedisServer::start();
    let layer = connect(&redis).await;
    let (channel, mut mailbox) = open(&layer).await;
    let queue = format!("asgi{}", channel.name().non_local());
    // Several at once, so that the receiver expects more behind the next one.
    let (first, second) = (member(channel.name(), 1), member(channel.name(), 2));
    redis.command(&[b"ZADD".as_slice(), queue.as_bytes(), b"1", &first, b"2", &second]);
    for n in 1..=2 {
        assert_eq!(next(&mut mailbox).await, n);
    }
    let receiver = receiver(&redis).await;
    // The pop is answered, and nothing that is asked for after it.
    let third = member(channel.name(), 3);
    let add = [b"ZADD".as_slice(), queue.as_bytes(), b"3", &third];
    let pause = [b"CLIENT".as_slice(), b"PAUSE", b"60000", b"WRITE"];
    let mut connection = TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
    connection
        .write_all(&[words(&add), words(&pause)].concat())
        .unwrap();
    assert_eq!(next(&mut mailbox).await, 3);
    assert_eq!(
        receiver_id(&redis).await,
        receiver,
        "it waits on, and has not given up"
    );
    redis.command(&["CLIENT", "UNPAUSE"]);
    send(&layer, channel.name(), 4).await.unwrap();
    assert_eq!(next(&mut mailbox).await, 4);
}

/// What a queue holds of a message to a channel.
fn member(channel: &ChannelName, n: u8) -> Vec<u8> {
    let name = channel.as_str();
    [
        b"twelve bytes\x82\xa1n".as_slice(),
        &[n],
        b"\xb0__asgi_channel__\xd9",
        &[u8::try_from(name.len()).expect("a short name")],
        name.as_bytes(),
    ]
    .concat()
}

/// A command as it is sent.
fn words(words: &[&[u8]]) -> Vec<u8> {
    let mut command = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        command.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        command.extend_from_slice(word);
        command.extend_from_slice(b"\r\n");
    }
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_goes_on_after_its_connection_was_killed() {
    let redis = RedisServer::start();
    let layer = connect(&redis).await;
    let jobs = ChannelName::new("jobs").unwrap();
    let mut mailbox = layer.listen(&jobs).await.unwrap();
    let receiving = tokio::spawn(async move { next(&mut mailbox).await });
    kill_receiver(&redis).await;
    send(&layer, &jobs, 1).await.unwrap();
    assert_eq!(receiving.await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_fail_at_once_while_redis_is_away_and_then_succeed() {
    let mut redis = RedisServer::start();
    let layer = connect(&redis).await;
    let jobs = ChannelName::new("jobs").unwrap();
    send(&layer, &jobs, 1).await.unwrap();
    redis.stop();
    for _ in 0..3 {
        let error = send(&layer, &jobs, 2).await.expect_err("Redis is away");
        let text = chain(&error);
        assert!(
            text.contains(&format!("cannot send at Redis 127.0.0.1:{}", redis.port())),
            "{text}"
        );
    }
    redis.restart();
    until_async("a send succeeds", async || send(&layer, &jobs, 3).await.is_ok()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_forgot_its_scripts_gets_them_again() {
    let redis = RedisServer::start();
    let layer = connect(&redis).await;
    let jobs = ChannelName::new("jobs").unwrap();
    for n in 0..3 {
        send(&layer, &jobs, n).await.unwrap();
        redis.command(&["SCRIPT", "FLUSH"]);
    }
    assert_eq!(redis.command(&["ZCARD", "asgijobs"]).int(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_channel_leaves_its_groups_even_if_the_connection_breaks() {
    let redis = RedisServer::start();
    let layer = connect(&redis).await;
    let (mut channel, _mailbox) = open(&layer).await;
    channel.group_add(&room()).await.unwrap();
    redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    drop(channel);
    until("the member is gone", || {
        redis.command(&["EXISTS", "asgi:group:room"]).int() == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_the_layer_leaves_every_group_and_ends_its_connections() {
    let redis = RedisServer::start();
    let layer = connect(&redis).await;
    let mut channels = Vec::new();
    for _ in 0..50 {
        let (mut channel, mailbox) = open(&layer).await;
        channel.group_add(&room()).await.unwrap();
        channels.push((channel, mailbox));
    }
    let _listening = layer.listen(&ChannelName::new("jobs").unwrap()).await.unwrap();
    let foreign = ChannelName::new("specific.elsewhere!1").unwrap();
    layer.group_add(&room(), &foreign).await.unwrap();
    assert_eq!(redis.command(&["ZCARD", "asgi:group:room"]).int(), 51);
    layer.close().await;
    let left = redis.command(&["ZRANGE", "asgi:group:room", "0", "-1"]);
    assert_eq!(left.texts(), ["specific.elsewhere!1"]);
    drop(layer);
    drop(channels);
    until("our connections end", || {
        // Only the one that asks.
        redis.command(&["CLIENT", "LIST"]).text().lines().count() == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_layer_dropped_without_closing_ends_its_connections() {
    let redis = RedisServer::start();
    let layer = connect(&redis).await;
    let opened = open(&layer).await;
    let listening = layer.listen(&ChannelName::new("jobs").unwrap()).await.unwrap();
    receiver(&redis).await;
    drop((layer, opened, listening));
    until("our connections end", || {
        redis.command(&["CLIENT", "LIST"]).text().lines().count() == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_members_are_refreshed_and_discarded_ones_stay_out() {
    let redis = RedisServer::start();
    let config = RedisConfig::new(redis.url()).group_expiry(Duration::from_millis(400));
    let layer = Layer::new(RedisChannelLayer::connect(config).await.unwrap());
    let (mut live, mut mailbox) = open(&layer).await;
    let (mut discarded, _mailbox) = open(&layer).await;
    live.group_add(&room()).await.unwrap();
    discarded.group_add(&room()).await.unwrap();
    redis.command(&["ZREM", "asgi:group:room", discarded.name().as_str()]);
    let score = || {
        let score = redis.command(&["ZSCORE", "asgi:group:room", live.name().as_str()]);
        score.text().parse::<f64>().expect("a member with a score")
    };
    let joined = score();
    until("it is older than group_expiry", || score() > joined + 1.0).await;
    group_send(&layer, 1).await.unwrap();
    assert_eq!(next(&mut mailbox).await, 1);
    assert_eq!(redis.command(&["ZCARD", "asgi:group:room"]).int(), 1);
}

#[tokio::test]
async fn an_unreachable_redis_is_one_clear_error() {
    let port = free_port();
    let error = layer_from_url(&format!("redis://127.0.0.1:{port}"), "asgi").await;
    assert_eq!(
        chain(&error.expect_err("nobody listens")),
        format!("cannot reach Redis at 127.0.0.1:{port}: connection refused")
    );
}

#[tokio::test]
async fn a_redis_that_does_not_answer_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = silent.local_addr().unwrap();
    let error = layer_from_url(&format!("redis://{place}"), "asgi").await;
    assert_eq!(
        chain(&error.expect_err("no answer")),
        format!("cannot reach Redis at {place}: no answer within 5 s")
    );
}

#[tokio::test]
async fn a_wrong_or_missing_password_is_one_clear_error() {
    let redis = RedisServer::start_with(&["--requirepass", "secret"]);
    let port = redis.port();
    let right = layer_from_url(&format!("redis://:secret@127.0.0.1:{port}"), "asgi").await;
    right.expect("the right password").close().await;
    for (url, why) in [
        (
            format!("redis://:sekret@127.0.0.1:{port}"),
            "the password or the user name is wrong",
        ),
        (
            format!("redis://127.0.0.1:{port}"),
            "the server wants a password: give it as redis://:PASSWORD@HOST",
        ),
    ] {
        let text = chain(&layer_from_url(&url, "asgi").await.expect_err("refused"));
        assert!(
            text.contains(&format!("cannot reach Redis at 127.0.0.1:{port}: {why}")),
            "{text}"
        );
        assert!(!text.contains("sekret"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_is_refused_and_a_server_that_became_one_counts_as_away() {
    let (master, redis) = (RedisServer::start(), RedisServer::start());
    let layer = connect(&redis).await;
    let jobs = ChannelName::new("jobs").unwrap();
    let port = master.port().to_string();
    redis.command(&["REPLICAOF", "127.0.0.1", &port]);
    for _ in 0..2 {
        let text = chain(&send(&layer, &jobs, 1).await.expect_err("a replica"));
        assert!(text.contains("replica"), "{text}");
    }
    let text = chain(&layer_from_url(&redis.url(), "asgi").await.expect_err("a replica"));
    assert!(
        text.ends_with("it is a replica, which cannot be written to"),
        "{text}"
    );
    redis.command(&["REPLICAOF", "NO", "ONE"]);
    until_async("a send succeeds", async || send(&layer, &jobs, 2).await.is_ok()).await;
}

#[tokio::test]
async fn hosts_that_cannot_be_used_say_what_can() {
    let text = chain(
        &layer_from_url("amqp://localhost", "asgi")
            .await
            .expect_err("amqp"),
    );
    assert!(text.contains("its scheme is amqp; write redis://"), "{text}");
}

async fn connect(redis: &RedisServer) -> Layer {
    layer_from_url(&redis.url(), "asgi").await.expect("a server")
}

async fn open(layer: &Layer) -> (Channel, Mailbox) {
    layer.new_channel("specific").await.expect("a channel")
}

fn room() -> GroupName {
    GroupName::new("room").expect("a group name")
}

async fn send(layer: &Layer, channel: &ChannelName, n: i64) -> Result<(), LayerError> {
    layer.send(channel, &BTreeMap::from([("n", n)])).await
}

async fn group_send(layer: &Layer, n: i64) -> Result<(), LayerError> {
    layer.group_send(&room(), &BTreeMap::from([("n", n)])).await
}

async fn next(mailbox: &mut Mailbox) -> i64 {
    let delivery = timeout(DEADLINE, mailbox.recv())
        .await
        .expect("a message arrives");
    let value = delivery.message().value();
    value.get("n").and_then(Value::as_i64).expect("a number")
}

/// The number of the receiving connection, once it blocks.
async fn receiver(redis: &RedisServer) -> String {
    receiver_where(redis, " flags=b ").await
}

/// The number of the receiving connection, whatever it does.
async fn receiver_id(redis: &RedisServer) -> String {
    receiver_where(redis, "").await
}

async fn receiver_where(redis: &RedisServer, state: &str) -> String {
    let mut found = None;
    until("a receiver is connected", || {
        let list = redis.command(&["CLIENT", "LIST"]);
        let receiver = |line: &&str| line.contains("name=laureola-receive") && line.contains(state);
        let line = list.text().lines().find(receiver).map(str::to_owned);
        found = line.and_then(|line| Some(line.split(' ').next()?.strip_prefix("id=")?.to_owned()));
        found.is_some()
    })
    .await;
    found.expect("found")
}

async fn kill_receiver(redis: &RedisServer) {
    let id = receiver(redis).await;
    let killed = redis.command(&["CLIENT", "KILL", "ID", &id]);
    assert_eq!(killed, RespValue::Integer(1));
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

async fn until_async(what: &str, condition: impl AsyncFn() -> bool) {
    let waiting = async {
        while !condition().await {
            sleep(PAUSE).await;
        }
    };
    timeout(DEADLINE, waiting)
        .await
        .unwrap_or_else(|_| panic!("in vain: {what}"));
}

/// An error and its sources, as a command line shows them.
fn chain(error: &dyn Error) -> String {
    match error.source() {
        None => error.to_string(),
        Some(source) => format!("{error}: {}", chain(source)),
    }
}
