//! Sentinels, and the failover to a replica.

use std::time::Instant;

use laureola_redis::Host;
use laureola_testkit::{RedisServer, free_port};

use crate::log::Log;
use crate::talk::Talk;
use crate::{chain, until};

/// A master, its replica, and three Sentinels that agree within a second.
struct Set {
    master: RedisServer,
    replica: RedisServer,
    sentinels: Vec<RedisServer>,
}

impl Set {
    async fn start() -> Self {
        let master = RedisServer::start();
        let port = master.port().to_string();
        let replica = RedisServer::start_with(&[
            "--replicaof",
            &format!("127.0.0.1 {port}"),
            "--repl-diskless-sync-delay",
            "0",
        ]);
        master.command(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
        let config = format!(
            "sentinel monitor mine 127.0.0.1 {port} 2\n\
             sentinel down-after-milliseconds mine 400\n\
             sentinel failover-timeout mine 3000"
        );
        let sentinels: Vec<_> = (0..3).map(|_| RedisServer::start_sentinel(&config)).collect();
        until("the replica has everything", async || {
            replica
                .command(&["INFO", "replication"])
                .text()
                .contains("master_link_status:up")
        })
        .await;
        until("the sentinels know each other and the replica", async || {
            sentinels.iter().all(|sentinel| {
                let info = sentinel.command(&["INFO", "sentinel"]);
                info.text().contains("status=ok") && info.text().contains("slaves=1,sentinels=3")
            })
        })
        .await;
        Self {
            master,
            replica,
            sentinels,
        }
    }

    fn host(&self) -> Host {
        // The first of them does not exist.
        let places = self.sentinels.iter().map(RedisServer::port);
        Host::sentinel(
            "mine",
            [free_port()]
                .into_iter()
                .chain(places)
                .map(|port| ("127.0.0.1", port)),
        )
    }

    /// Waits until a Sentinel names the replica.
    async fn failed_over(&self) -> Instant {
        until("the sentinels name the replica", async || {
            self.sentinels.iter().any(|sentinel| {
                let address = sentinel.command(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mine"]);
                address.texts()[1] == self.replica.port().to_string()
            })
        })
        .await;
        Instant::now()
    }
}

#[tokio::test]
async fn a_killed_master_is_followed_by_its_replica() {
    let (mut set, log) = (Set::start().await, Log::start());
    let mut talk = Talk::start(set.host()).await;
    set.master.stop();
    talk.failure().await;
    let back = set.failed_over().await;
    talk.recovered("a failover from a dead master", back).await;
    log.is_one_outage("mine of sentinels 127.0.0.1:", &[]);
}

#[tokio::test]
async fn a_master_that_hangs_is_left_for_its_replica() {
    let (mut set, log) = (Set::start().await, Log::start());
    let mut talk = Talk::start(set.host()).await;
    set.master.process().suspend();
    let back = set.failed_over().await;
    talk.recovered("a failover from a master that hangs", back).await;
    // It wakes up and becomes a replica; nobody goes back to it.
    set.master.process().resume();
    until("the old master is a replica", async || {
        set.master.command(&["ROLE"]).items()[0].text() == "slave"
    })
    .await;
    talk.heard().await;
    log.is_one_outage("mine of sentinels 127.0.0.1:", &[]);
}

#[tokio::test]
async fn sentinels_that_know_no_such_master_say_so() {
    let redis = RedisServer::start();
    let config = format!("sentinel monitor mine 127.0.0.1 {} 1", redis.port());
    let sentinel = RedisServer::start_sentinel(&config);
    let gone = free_port();
    let host = Host::sentinel("yours", [("127.0.0.1", sentinel.port()), ("127.0.0.1", gone)]);
    let error = laureola_redis::RedisChannelLayer::connect(laureola_redis::RedisConfig::new(host)).await;
    let text = chain(&error.expect_err("no such master"));
    let expected = format!(
        "no sentinel knows the master \"yours\" (127.0.0.1:{} does not know it; 127.0.0.1:{gone}: connection refused)",
        sentinel.port()
    );
    assert!(text.ends_with(&expected), "{text}");
}

#[tokio::test]
async fn a_login_of_its_own_opens_a_sentinel() {
    let redis = RedisServer::start_with(&["--requirepass", "for it"]);
    let config = format!(
        "requirepass \"for them\"\nsentinel monitor mine 127.0.0.1 {} 1\nsentinel auth-pass mine \"for it\"",
        redis.port()
    );
    let sentinel = RedisServer::start_sentinel(&config);
    let host = Host::sentinel("mine", [("127.0.0.1", sentinel.port())]).password("for it");
    let mut talk = Talk::start(host.clone().sentinel_login(None, "for them")).await;
    talk.heard().await;
    let error = laureola_redis::RedisChannelLayer::connect(laureola_redis::RedisConfig::new(host)).await;
    let text = chain(&error.expect_err("no password for the sentinel"));
    assert!(text.contains("the server wants a password"), "{text}");
}
