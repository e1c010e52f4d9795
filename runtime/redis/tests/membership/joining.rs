//! For how long members stay, and what `membership = "process"` makes of them.

use std::time::{Duration, Instant};

use laureola_redis::{Membership, RedisConfig};
use laureola_testkit::{RedisServer, RespValue};
use tokio::time::sleep;

use crate::{connect, group_send, next, open, room, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_open_for_longer_than_group_expiry_still_receives() {
    tokio::join!(
        stays_a_member(Membership::Channel),
        stays_a_member(Membership::Process)
    );
}

async fn stays_a_member(membership: Membership) {
    let redis = RedisServer::start();
    let config = || RedisConfig::new(redis.url()).group_expiry(Duration::from_secs(2));
    let layer = connect(config().membership(membership)).await;
    let sender = connect(config()).await;
    let (mut channel, mut mailbox) = open(&layer).await;
    channel.group_add(&room()).await.expect("added");
    let (start, mut n) = (Instant::now(), 0);
    while start.elapsed() < Duration::from_secs(10) {
        // Group sends are what removes old members.
        group_send(&sender, n).await;
        assert_eq!(
            next(&mut mailbox).await,
            n,
            "{membership:?}, {:?}",
            start.elapsed()
        );
        n += 1;
        sleep(Duration::from_millis(50)).await;
    }
    channel.close().await.expect("closed");
    assert_eq!(redis.command(&["EXISTS", "asgi:group:room"]).int(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_stands_in_a_group_once_and_only_its_first_and_last_member_ask_redis() {
    let redis = RedisServer::start();
    let layer = connect(RedisConfig::new(redis.url()).membership(Membership::Process)).await;
    let (mut first, mut first_mailbox) = open(&layer).await;
    first.group_add(&room()).await.expect("added");
    let before = commands(&redis);
    let mut others = Vec::new();
    for _ in 0..1_000 {
        let (mut channel, mailbox) = open(&layer).await;
        channel.group_add(&room()).await.expect("added");
        others.push((channel, mailbox));
    }
    assert_eq!(redis.command(&["ZCARD", "asgi:group:room"]).int(), 1);
    group_send(&layer, 1).await;
    assert_eq!(next(&mut first_mailbox).await, 1);
    for (_, mailbox) in &mut others {
        assert_eq!(next(mailbox).await, 1);
    }
    for (channel, _) in others {
        channel.close().await.expect("closed");
    }
    let asked = commands(&redis) - before;
    assert!(
        asked < 100,
        "{asked} commands for 1,000 members that came and went"
    );
    assert_eq!(redis.command(&["ZCARD", "asgi:group:room"]).int(), 1);
    drop(first);
    until("the last one left", || {
        redis.command(&["EXISTS", "asgi:group:room"]).int() == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn members_that_come_and_go_at_once_leave_the_group_in_order() {
    let redis = RedisServer::start();
    let layer = connect(RedisConfig::new(redis.url()).membership(Membership::Process)).await;
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..16_u32 {
        let layer = layer.clone();
        tasks.spawn(async move {
            for round in 0..30 {
                let (mut channel, mut mailbox) = open(&layer).await;
                channel.group_add(&room()).await.expect("added");
                // Whoever was added hears what is sent afterwards.
                group_send(&layer, i64::from(task)).await;
                while next(&mut mailbox).await != i64::from(task) {}
                if (task + round) % 2 == 0 {
                    channel.close().await.expect("closed");
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no task panics");
    }
    until("everybody left", || {
        redis.command(&["EXISTS", "asgi:group:room"]).int() == 0
    })
    .await;
}

/// How many commands the server has run.
fn commands(redis: &RedisServer) -> i64 {
    let stats: RespValue = redis.command(&["INFO", "stats"]);
    let line = |line: &str| line.strip_prefix("total_commands_processed:").map(str::to_owned);
    let count = stats.text().lines().find_map(line).expect("a count");
    count.trim().parse().expect("a number")
}
