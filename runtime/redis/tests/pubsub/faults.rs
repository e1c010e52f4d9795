//! What goes wrong between this process and Redis, and what then goes on.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use laureola_layers::mailbox::Received;
use laureola_layers::{Layer, LayerError, Mailbox, Notice};
use laureola_redis::RedisPubSubChannelLayer;
use laureola_redis::pubsub::Protocol;
use laureola_testkit::{RedisServer, RespValue};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::support::{
    DEADLINE, PAUSE, config, connect, group, name, notice, number, numbered, open, receive, servers, until,
};

const PROTOCOLS: [Protocol; 2] = [Protocol::Newest, Protocol::Resp2];

async fn speaking(redis: &[RedisServer], protocol: Protocol) -> Layer {
    let builder = RedisPubSubChannelLayer::builder(config(redis).capacity(100_000));
    Layer::new(builder.protocol(protocol).connect().await.expect("a server"))
}

/// What the subscribed connections look like to the server.
fn subscribers(redis: &RedisServer) -> Vec<String> {
    let list = redis.command(&["CLIENT", "LIST", "TYPE", "pubsub"]);
    list.text().lines().map(str::to_owned).collect()
}

fn kill_subscribers(redis: &RedisServer) {
    let killed = redis.command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    assert_eq!(killed, RespValue::Integer(1));
}

/// Sends numbers to the group `room` for ever, whatever comes of them.
fn send_for_ever(layer: &Layer) -> JoinSet<()> {
    let mut senders = JoinSet::new();
    let layer = layer.clone();
    senders.spawn(async move {
        for n in 0.. {
            // Fails at once while Redis is away.
            let _ = timeout(DEADLINE, layer.group_send_message(&group("room"), numbered(n)))
                .await
                .expect("no call hangs");
            sleep(Duration::from_millis(1)).await;
        }
    });
    senders
}

/// Receives until there were `Disconnected`, `Reconnected` and then 100 messages; how long the gap
/// between the notices was.
async fn outage(mailbox: &mut Mailbox, last: &mut i64) -> Duration {
    let (mut begun, mut gap, mut after) = (None, None, 0);
    while after < 100 {
        match timeout(DEADLINE, mailbox.next()).await.expect("something comes") {
            Received::Notice(Notice::Disconnected) => {
                assert!(begun.replace(Instant::now()).is_none(), "once");
            }
            Received::Notice(Notice::Reconnected) => {
                let begun = begun.expect("a gap begins before it ends");
                assert!(gap.replace(begun.elapsed()).is_none(), "once");
            }
            Received::Notice(other) => panic!("{other:?}"),
            Received::Delivery(delivery) => {
                let n = number(delivery.message());
                assert!(n > *last, "{n} after {last}: order is kept and nothing repeated");
                *last = n;
                after += i32::from(gap.is_some());
            }
        }
    }
    gap.expect("it ended")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_subscriber_is_back_at_once_with_one_notice_each_way() {
    for protocol in PROTOCOLS {
        let redis = servers(1);
        let layer = speaking(&redis, protocol).await;
        let (mut channel, mut mailbox) = open(&layer).await;
        channel.group_add(&group("room")).await.unwrap();
        let mut senders = send_for_ever(&layer);
        let mut last = -1;
        for _ in 0..5 {
            kill_subscribers(&redis[0]);
            let gap = outage(&mut mailbox, &mut last).await;
            assert!(gap < Duration::from_secs(2), "{gap:?}");
        }
        senders.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_redis_under_load_is_survived_with_every_subscription() {
    for protocol in PROTOCOLS {
        let mut redis = servers(1);
        let layer = speaking(&redis, protocol).await;
        let (mut channel, mut mailbox) = open(&layer).await;
        channel.group_add(&group("room")).await.unwrap();
        let mut others = Vec::new();
        for n in 0..1_200 {
            let (mut channel, mailbox) = open(&layer).await;
            if n % 2 == 0 {
                channel.group_add(&group(&format!("room_{n}"))).await.unwrap();
            }
            others.push((channel, mailbox));
        }
        let mut senders = send_for_ever(&layer);
        let mut last = -1;
        for _ in 0..2 {
            redis[0].restart();
            outage(&mut mailbox, &mut last).await;
        }
        senders.shutdown().await;
        for n in [0, 600, 1_198] {
            let (channel, mailbox) = &mut others[n];
            let room = group(&format!("room_{n}"));
            layer.group_send_message(&room, numbered(1)).await.unwrap();
            assert_eq!(number(&receive(mailbox).await), 1);
            layer.send_message(channel.name(), numbered(2)).await.unwrap();
            assert_eq!(number(&receive(mailbox).await), 2);
        }
        let channels = redis[0].command(&["PUBSUB", "CHANNELS"]).texts().len();
        assert_eq!(channels, 1 + 1 + 1_200 + 600);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_stands_still_for_three_seconds_loses_nothing() {
    let redis = servers(1);
    let layer = connect(config(&redis)).await;
    let (mut channel, mut mailbox) = open(&layer).await;
    channel.group_add(&group("room")).await.unwrap();
    let pid = redis[0].pid().to_string();
    let signal = |signal: &str| {
        let status = std::process::Command::new("kill").args([signal, &pid]).status();
        assert!(status.unwrap().success());
    };
    signal("-STOP");
    let started = Instant::now();
    let sending = tokio::spawn({
        let layer = layer.clone();
        async move {
            let mut sends = JoinSet::new();
            for n in 0..50 {
                let layer = layer.clone();
                sends.spawn(async move { layer.group_send_message(&group("room"), numbered(n)).await });
            }
            sends.join_all().await
        }
    });
    while started.elapsed() < Duration::from_secs(3) {
        sleep(PAUSE).await;
    }
    signal("-CONT");
    let sent = sending.await.unwrap().into_iter().filter(Result::is_ok).count();
    assert_eq!(sent, 50);
    for _ in 0..50 {
        receive(&mut mailbox).await;
    }
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(mailbox.poll_next(&mut context).is_pending(), "no notice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_fail_at_once_while_redis_is_away_and_memberships_come_after_it() {
    let mut redis = servers(1);
    let layer = connect(config(&redis)).await;
    let (mut channel, mut mailbox) = open(&layer).await;
    let port = redis[0].port();
    redis[0].stop();
    assert_eq!(notice(&mut mailbox).await, Notice::Disconnected);
    let place = format!("Redis 127.0.0.1:{port}");
    for result in [
        layer.new_channel("specific").await.map(drop),
        layer.listen(&name("jobs")).await.map(drop),
        channel.group_add(&group("room")).await,
        layer.group_send_message(&group("room"), numbered(1)).await,
        layer.send_message(channel.name(), numbered(1)).await,
    ] {
        let text = chain(&result.expect_err("Redis is away"));
        assert!(text.contains(&place), "{text}");
    }
    redis[0].restart();
    assert_eq!(notice(&mut mailbox).await, Notice::Reconnected);
    // The membership that could not be confirmed.
    until("a send succeeds", async || {
        layer
            .group_send_message(&group("room"), numbered(2))
            .await
            .is_ok()
    })
    .await;
    assert_eq!(number(&receive(&mut mailbox).await), 2);
    let subscribed = redis[0].command(&["PUBSUB", "CHANNELS"]).texts().len();
    assert_eq!(subscribed, 2, "nothing of what failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hooks_are_called_once_an_outage_of_any_servers() {
    let mut redis = servers(2);
    let (away, back) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let count = |counter: &Arc<AtomicUsize>| {
        let counter = Arc::clone(counter);
        move || {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    };
    let layer = RedisPubSubChannelLayer::builder(config(&redis))
        .on_disconnect(count(&away))
        .on_reconnect(count(&back))
        .connect()
        .await
        .map(Layer::new)
        .unwrap();
    let calls = || (away.load(Ordering::Relaxed), back.load(Ordering::Relaxed));
    let (_channel, mut mailbox) = open(&layer).await;
    redis[0].stop();
    redis[1].stop();
    assert_eq!(notice(&mut mailbox).await, Notice::Disconnected);
    redis[0].restart();
    // One is back, the other is not: the outage goes on.
    until("the first is subscribed to", async || {
        !subscribers(&redis[0]).is_empty() || {
            redis[0]
                .command(&["CLIENT", "LIST"])
                .text()
                .contains("laureola-subscribe")
        }
    })
    .await;
    until("one hook was called", async || calls() == (1, 0)).await;
    redis[1].restart();
    assert_eq!(notice(&mut mailbox).await, Notice::Reconnected);
    until("both hooks were called", async || calls() == (1, 1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_members_are_one_subscription_and_the_last_one_ends_it() {
    let redis = servers(1);
    let layer = connect(config(&redis)).await;
    let mut opening = JoinSet::new();
    for _ in 0..1_000 {
        let layer = layer.clone();
        opening.spawn(async move {
            let (mut channel, mailbox) = open(&layer).await;
            channel.group_add(&group("room")).await.unwrap();
            (channel, mailbox)
        });
    }
    let mut members = opening.join_all().await;
    let numsub = redis[0].command(&["PUBSUB", "NUMSUB", "asgi__group__room"]);
    assert_eq!(numsub.items()[1].int(), 1);
    let stats = redis[0].command(&["INFO", "commandstats"]);
    let calls = calls_of("cmdstat_subscribe", stats.text());
    println!("{calls} SUBSCRIBE commands for 1,001 names");
    assert!(calls <= 1_001);
    layer
        .group_send_message(&group("room"), numbered(7))
        .await
        .unwrap();
    for (_, mailbox) in &mut members {
        assert_eq!(number(&receive(mailbox).await), 7);
    }
    // Some close, some are dropped.
    for (channel, _) in members.split_off(500) {
        channel.close().await.unwrap();
    }
    drop(members);
    until("nothing is subscribed to", async || {
        redis[0].command(&["PUBSUB", "CHANNELS"]).texts().is_empty()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_member_holds_nobody_up() {
    let redis = servers(1);
    let layer = connect(config(&redis).capacity(3)).await;
    let (mut slow, mut slow_mailbox) = open(&layer).await;
    let (mut quick, mut mailbox) = open(&layer).await;
    for channel in [&mut slow, &mut quick] {
        channel.group_add(&group("room")).await.unwrap();
    }
    for n in 0..100 {
        layer
            .group_send_message(&group("room"), numbered(n))
            .await
            .unwrap();
        assert_eq!(number(&receive(&mut mailbox).await), n);
    }
    for n in 97..100 {
        assert_eq!(number(&receive(&mut slow_mailbox).await), n, "the newest");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listeners_of_a_process_compete_and_the_last_one_ends_the_subscription() {
    let redis = servers(1);
    let layer = connect(config(&redis)).await;
    let jobs = name("jobs");
    let mut first = layer.listen(&jobs).await.unwrap();
    let mut second = layer.listen(&jobs).await.unwrap();
    for n in 0..40 {
        layer.send_message(&jobs, numbered(n)).await.unwrap();
    }
    let mut seen = Vec::new();
    while seen.len() < 40 {
        let delivery = timeout(DEADLINE, async {
            tokio::select! {
                delivery = first.recv() => delivery,
                delivery = second.recv() => delivery,
            }
        });
        seen.push(number(delivery.await.unwrap().message()));
    }
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..40), "each message once");
    drop(first);
    layer.send_message(&jobs, numbered(1)).await.unwrap();
    assert_eq!(number(&receive(&mut second).await), 1);
    drop(second);
    until("it is unsubscribed from", async || {
        redis[0].command(&["PUBSUB", "CHANNELS"]).texts().is_empty()
    })
    .await;
    let mut third = layer.listen(&jobs).await.unwrap();
    layer.send_message(&jobs, numbered(2)).await.unwrap();
    assert_eq!(number(&receive(&mut third).await), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flushing_forgets_channels_and_groups_and_the_layer_goes_on() {
    let redis = servers(1);
    let layer = connect(config(&redis)).await;
    let (mut channel, mut mailbox) = open(&layer).await;
    channel.group_add(&group("room")).await.unwrap();
    layer.flush().await.unwrap();
    until("nothing is subscribed to", async || {
        redis[0].command(&["PUBSUB", "CHANNELS"]).texts().is_empty()
    })
    .await;
    layer
        .group_send_message(&group("room"), numbered(1))
        .await
        .unwrap();
    let (mut other, mut other_mailbox) = open(&layer).await;
    other.group_add(&group("room")).await.unwrap();
    layer
        .group_send_message(&group("room"), numbered(2))
        .await
        .unwrap();
    assert_eq!(number(&receive(&mut other_mailbox).await), 2);
    assert!(mailbox.try_recv().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_speak_resp3_is_spoken_to_in_resp2() {
    let redis = vec![RedisServer::start_with(&["--rename-command", "HELLO", ""])];
    let layer = connect(config(&redis)).await;
    let (mut channel, mut mailbox) = open(&layer).await;
    channel.group_add(&group("room")).await.unwrap();
    assert!(subscribers(&redis[0])[0].contains("resp=2"));
    layer
        .group_send_message(&group("room"), numbered(1))
        .await
        .unwrap();
    assert_eq!(number(&receive(&mut mailbox).await), 1);
    let redis = servers(1);
    let layer = connect(config(&redis)).await;
    let _channel = open(&layer).await;
    assert!(subscribers(&redis[0])[0].contains("resp=3"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_and_dropping_the_layer_end_its_connections() {
    let redis = servers(1);
    let connections = || redis[0].command(&["CLIENT", "LIST"]).text().lines().count();
    for close in [true, false] {
        let layer = connect(config(&redis)).await;
        let mut opened = open(&layer).await;
        opened.0.group_add(&group("room")).await.unwrap();
        let listening = layer.listen(&name("jobs")).await.unwrap();
        assert_eq!(connections(), 3);
        if close {
            layer.close().await;
            assert!(matches!(
                layer.listen(&name("jobs")).await,
                Err(LayerError::Closed)
            ));
            assert!(matches!(
                layer.group_send_message(&group("room"), numbered(1)).await,
                Err(LayerError::Closed)
            ));
        }
        drop((layer, opened, listening));
        // Only the one that asks.
        until("our connections end", async || connections() == 1).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_while_redis_is_away_ends_in_time() {
    let mut redis = servers(1);
    let layer = connect(config(&redis)).await;
    let (_channel, mut mailbox) = open(&layer).await;
    redis[0].stop();
    assert_eq!(notice(&mut mailbox).await, Notice::Disconnected);
    timeout(DEADLINE, layer.close()).await.expect("in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_message_is_dropped_and_the_next_one_arrives() {
    let redis = servers(1);
    let layer = connect(config(&redis)).await;
    let (channel, mut mailbox) = open(&layer).await;
    redis[0].command(&["PUBLISH", channel.name().as_str(), "no msgpack map"]);
    layer.send_message(channel.name(), numbered(1)).await.unwrap();
    assert_eq!(number(&receive(&mut mailbox).await), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_that_an_access_list_forbids_is_an_error_and_no_outage() {
    for protocol in PROTOCOLS {
        let redis = servers(1);
        let layer = speaking(&redis, protocol).await;
        redis[0].command(&["ACL", "SETUSER", "default", "resetchannels", "&asgi*"]);
        let (mut channel, mut mailbox) = open(&layer).await;
        let (jobs, room) = (name("jobs"), group("room"));
        let (forbidden, allowed) = tokio::join!(layer.listen(&jobs), channel.group_add(&room));
        let text = chain(&forbidden.expect_err("forbidden"));
        assert!(text.to_lowercase().contains("permission"), "{text}");
        allowed.unwrap();
        layer
            .group_send_message(&group("room"), numbered(1))
            .await
            .unwrap();
        let first = timeout(DEADLINE, mailbox.next()).await.unwrap();
        assert!(matches!(first, Received::Delivery(_)), "{first:?}");
    }
}

#[tokio::test]
async fn an_unknown_serializer_is_one_clear_error() {
    let redis = servers(1);
    let config = config(&redis).serializer_format("pickle");
    let error = RedisPubSubChannelLayer::connect(config)
        .await
        .expect_err("unknown");
    assert!(chain(&error).contains("no serializer is registered as \"pickle\""));
}

fn calls_of(command: &str, stats: &str) -> u64 {
    let line = stats
        .lines()
        .find_map(|line| line.strip_prefix(command)?.strip_prefix(":calls="));
    line.and_then(|line| line.split(',').next()?.parse().ok())
        .unwrap_or(0)
}

/// An error and its sources, as a command line shows them.
fn chain(error: &dyn Error) -> String {
    match error.source() {
        None => error.to_string(),
        Some(source) => format!("{error}: {}", chain(source)),
    }
}
