//! The server ends, or cuts connections.

use std::time::Instant;

use laureola_testkit::RedisServer;

use crate::log::Log;
use crate::talk::Talk;

#[tokio::test]
async fn a_restarted_server_is_one_outage() {
    let (mut redis, log) = (RedisServer::start(), Log::start());
    let mut talk = Talk::start(redis.url()).await;
    redis.stop();
    talk.failure().await;
    // Now it fails at once, and says where and why.
    let place = format!("127.0.0.1:{}", redis.port());
    talk.failure_that_says(&format!(
        "at Redis {place}: the connection is lost (connection refused)"
    ))
    .await;
    redis.restart();
    talk.recovered("a restart under load", Instant::now()).await;
    log.is_one_outage(&place, &[]);
}

#[tokio::test]
async fn a_kill_of_all_connections_is_one_outage() {
    let (redis, log) = (RedisServer::start(), Log::start());
    let mut talk = Talk::start(redis.url()).await;
    redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
    let killed = Instant::now();
    talk.failure().await;
    talk.recovered("CLIENT KILL", killed).await;
    log.is_one_outage(&format!("127.0.0.1:{}", redis.port()), &[]);
}
