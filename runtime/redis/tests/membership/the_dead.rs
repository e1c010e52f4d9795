//! Members of processes that were killed, and of those that only were slow.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use laureola_layers::mailbox::Received;
use laureola_layers::{ChannelName, Notice};
use laureola_redis::RedisConfig;
use laureola_testkit::RedisServer;
use tokio::time::{sleep, timeout};

use crate::{DEADLINE, PAUSE, connect, group, group_send, next, open, room, until};

/// Tells the process below where its server is.
const VICTIM: &str = "LAUREOLA_TEST_VICTIM_OF";
const HEARTBEAT: Duration = Duration::from_secs(3);

/// Not a test of its own: the process that the others stop and kill.
#[tokio::test]
async fn a_process_to_be_killed() {
    let Ok(url) = std::env::var(VICTIM) else {
        return;
    };
    let layer = connect(RedisConfig::new(url.as_str()).heartbeat(HEARTBEAT)).await;
    let mut members = Vec::new();
    for name in ["room", "hall"] {
        for _ in 0..20 {
            let (mut channel, mailbox) = open(&layer).await;
            channel.group_add(&group(name)).await.expect("added");
            members.push((channel, mailbox));
        }
    }
    // Longer than any test.
    sleep(Duration::from_secs(60)).await;
}

struct Victim(Child);

impl Victim {
    /// With twenty members in each of `room` and `hall`.
    async fn start(redis: &RedisServer) -> Self {
        let child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "the_dead::a_process_to_be_killed"])
            .env(VICTIM, redis.url())
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        let victim = Self(child);
        until("it has joined", || {
            redis.command(&["ZCARD", "asgi:group:room"]).int() >= 20
                && redis.command(&["ZCARD", "asgi:group:hall"]).int() == 20
        })
        .await;
        victim
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("kill")
            .args([name, &self.0.id().to_string()])
            .status();
        assert!(kill.expect("kill runs").success());
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_of_a_killed_process_are_gone_within_the_heartbeat_and_pythons_stay() {
    let redis = RedisServer::start();
    let living = connect(RedisConfig::new(redis.url()).heartbeat(HEARTBEAT)).await;
    let (mut channel, mut mailbox) = open(&living).await;
    channel.group_add(&room()).await.expect("added");
    let python = "specific.0123456789abcdef0123456789abcdef!1";
    let member = ChannelName::new(python).expect("a name");
    living.group_add(&room(), &member).await.expect("added");
    let victim = Victim::start(&redis).await;
    assert_eq!(redis.command(&["ZCARD", "asgi:group:room"]).int(), 22);

    let killed = Instant::now();
    drop(victim);
    until("its members are gone, from groups we are in and others", || {
        redis.command(&["ZCARD", "asgi:group:room"]).int() == 2
            && redis.command(&["EXISTS", "asgi:group:hall"]).int() == 0
    })
    .await;
    println!(
        "gone {:?} after SIGKILL; the heartbeat is {HEARTBEAT:?}",
        killed.elapsed()
    );
    let left = redis.command(&["ZRANGE", "asgi:group:room", "0", "-1"]);
    assert!(left.texts().contains(&python));
    group_send(&living, 1).await;
    assert_eq!(next(&mut mailbox).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_taken_for_dead_comes_back_to_its_groups() {
    let redis = RedisServer::start();
    let living = connect(RedisConfig::new(redis.url()).heartbeat(HEARTBEAT)).await;
    let (mut channel, _mailbox) = open(&living).await;
    channel.group_add(&group("another")).await.expect("added");
    let victim = Victim::start(&redis).await;
    victim.signal("-STOP");
    until("its members are gone", || {
        redis
            .command(&["EXISTS", "asgi:group:room", "asgi:group:hall"])
            .int()
            == 0
    })
    .await;
    victim.signal("-CONT");
    until("they are back", || {
        redis.command(&["ZCARD", "asgi:group:room"]).int() == 20
            && redis.command(&["ZCARD", "asgi:group:hall"]).int() == 20
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_of_the_dead_that_another_process_added_goes_once_a_group_send_meets_it() {
    let redis = RedisServer::start();
    let living = connect(RedisConfig::new(redis.url()).heartbeat(HEARTBEAT)).await;
    let (mut channel, _mailbox) = open(&living).await;
    channel.group_add(&group("another")).await.expect("added");
    let victim = Victim::start(&redis).await;
    // As Python would: the dead process's own index knows nothing of it.
    let theirs = redis.command(&["ZRANGE", "asgi:group:hall", "0", "0"]).texts()[0].to_owned();
    let member = ChannelName::new(theirs).expect("a name");
    living.group_add(&group("attic"), &member).await.expect("added");
    drop(victim);
    until("its members are gone", || {
        redis
            .command(&["EXISTS", "asgi:group:room", "asgi:group:hall"])
            .int()
            == 0
    })
    .await;
    assert_eq!(redis.command(&["ZCARD", "asgi:group:attic"]).int(), 1);
    let message = std::collections::BTreeMap::from([("n", 1)]);
    living.group_send(&group("attic"), &message).await.expect("sent");
    until("the last one is gone", || {
        redis.command(&["EXISTS", "asgi:group:attic"]).int() == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_stops_in_order_leaves_nothing() {
    let redis = RedisServer::start();
    let layer = connect(RedisConfig::new(redis.url())).await;
    let (mut channel, _mailbox) = open(&layer).await;
    channel.group_add(&room()).await.expect("added");
    assert_eq!(redis.command(&["ZCARD", "asgi:laureola:processes"]).int(), 1);
    layer.close().await;
    assert_eq!(redis.command(&["DBSIZE"]).int(), 0);
}

/// Somebody who is dead and left an index of so many groups.
fn dead_process(redis: &RedisServer, groups: usize) -> &'static str {
    let id = "fedcba9876543210fedcba9876543210";
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.expect("after 1970").as_secs().to_string();
    redis.command(&["ZADD", "asgi:laureola:processes", &now, id]);
    let index = format!("asgi:laureola:groups:{id}");
    let names: Vec<_> = (0..groups).map(|n| format!("group{n}")).collect();
    for names in names.chunks(5_000) {
        let mut command = vec!["SADD", &index];
        command.extend(names.iter().map(String::as_str));
        redis.command(&command);
    }
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_removes_a_large_dead_process_gives_signs_of_life_meanwhile() {
    let redis = RedisServer::start();
    let dead = dead_process(&redis, 40_000);
    let heartbeat = Duration::from_secs(1);
    let living = connect(RedisConfig::new(redis.url()).heartbeat(heartbeat)).await;
    let (mut channel, _mailbox) = open(&living).await;
    channel.group_add(&room()).await.expect("added");
    let name = channel.name().as_str();
    let process = &name["specific.".len()..name.find('!').expect("process-specific")];
    let alive = format!("asgi:laureola:alive:{process}");
    let (index, claim) = (
        format!("asgi:laureola:groups:{dead}"),
        format!("asgi:laureola:sweep:{dead}"),
    );
    until("it takes the dead process on", || {
        redis.command(&["EXISTS", &claim]).int() == 1
    })
    .await;
    until("the dead process is removed", || {
        assert_eq!(
            redis.command(&["EXISTS", &alive]).int(),
            1,
            "taken for dead itself"
        );
        redis.command(&["EXISTS", &index]).int() == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_process_with_more_members_than_lua_unpacks_is_removed() {
    let redis = RedisServer::start();
    // So that one look gives them all.
    redis.command(&["CONFIG", "SET", "zset-max-listpack-entries", "20000"]);
    let dead = dead_process(&redis, 1);
    let members: Vec<_> = (0..9_000).map(|n| format!("specific.{dead}!{n}")).collect();
    let mut command = vec!["ZADD", "asgi:group:group0"];
    for member in &members {
        command.extend(["1", member]);
    }
    redis.command(&command);
    let heartbeat = Duration::from_secs(1);
    let _living = connect(RedisConfig::new(redis.url()).heartbeat(heartbeat)).await;
    until("they are gone", || {
        redis.command(&["EXISTS", "asgi:group:group0"]).int() == 0
    })
    .await;
}

/// What another process does that misses our sign of life.
fn bury(redis: &RedisServer, channel: &ChannelName) {
    let name = channel.as_str();
    let process = &name["specific.".len()..name.find('!').expect("process-specific")];
    assert_eq!(
        redis
            .command(&["DEL", &format!("asgi:laureola:alive:{process}")])
            .int(),
        1
    );
    assert_eq!(redis.command(&["ZREM", "asgi:group:room", name]).int(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_does_not_hide_that_this_process_was_taken_for_dead() {
    let redis = RedisServer::start();
    // The next refresh comes long before the next heartbeat.
    let config = RedisConfig::new(redis.url()).heartbeat(Duration::from_secs(600));
    let living = connect(config.group_expiry(Duration::from_secs(2))).await;
    let (mut channel, _mailbox) = open(&living).await;
    channel.group_add(&room()).await.expect("added");
    bury(&redis, channel.name());
    until("it is back", || {
        redis.command(&["ZCARD", "asgi:group:room"]).int() == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_taken_for_dead_while_away_is_in_its_groups_when_told_of_the_return() {
    let redis = RedisServer::start();
    let config = RedisConfig::new(redis.url()).heartbeat(Duration::from_secs(600));
    let living = connect(config).await;
    let (mut channel, mut mailbox) = open(&living).await;
    channel.group_add(&room()).await.expect("added");
    bury(&redis, channel.name());
    redis.command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    let told = async { while !matches!(mailbox.next().await, Received::Notice(Notice::Reconnected)) {} };
    timeout(DEADLINE, told).await.expect("it is told");
    assert_eq!(redis.command(&["ZCARD", "asgi:group:room"]).int(), 1);
}

#[tokio::test]
async fn a_process_in_very_many_groups_that_stops_in_order_leaves_them_all() {
    let redis = RedisServer::start();
    let layer = connect(RedisConfig::new(redis.url())).await;
    let (channel, _mailbox) = open(&layer).await;
    let groups: Vec<_> = (0..100_100).map(|n| group(&format!("group{n}"))).collect();
    for groups in groups.chunks(2_000) {
        let adds = groups.iter().map(|group| layer.group_add(group, channel.name()));
        for added in join_all(adds).await {
            added.expect("added");
        }
    }
    layer.close().await;
    assert_eq!(redis.command(&["DBSIZE"]).int(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_stay_fresh_however_often_the_connection_is_lost() {
    const EXPIRY: Duration = Duration::from_secs(4);
    let redis = RedisServer::start();
    let config = RedisConfig::new(redis.url()).group_expiry(EXPIRY);
    let layer = connect(config).await;
    let (mut channel, _mailbox) = open(&layer).await;
    channel.group_add(&room()).await.expect("added");
    let joined = score(&redis, channel.name());
    // At once, and again whenever there are new connections.
    let began = Instant::now();
    while began.elapsed() < EXPIRY * 3 / 4 {
        redis.command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        sleep(PAUSE).await;
    }
    assert!(score(&redis, channel.name()) > joined, "never refreshed");
}

fn score(redis: &RedisServer, channel: &ChannelName) -> f64 {
    let score = redis.command(&["ZSCORE", "asgi:group:room", channel.as_str()]);
    score.text().parse().expect("a number")
}
