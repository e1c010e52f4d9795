//! The server is there and does not answer.

use std::time::{Duration, Instant};

use laureola_testkit::RedisServer;
use tokio::time::sleep;

use crate::PAUSE;
use crate::log::Log;
use crate::talk::Talk;

const TEN_SECONDS: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_client_pause_of_ten_seconds_is_one_outage() {
    let (redis, log) = (RedisServer::start(), Log::start());
    let mut talk = Talk::start(redis.url()).await;
    redis.command(&["CLIENT", "PAUSE", "10000", "ALL"]);
    let back = Instant::now() + TEN_SECONDS;
    talk.failure_that_says("no answer within 5 s").await;
    wait_for(back).await;
    talk.recovered("CLIENT PAUSE", back).await;
    log.is_one_outage(&format!("127.0.0.1:{}", redis.port()), &[]);
}

#[tokio::test]
async fn a_stopped_process_is_one_outage() {
    let (mut redis, log) = (RedisServer::start(), Log::start());
    let mut talk = Talk::start(redis.url()).await;
    redis.process().suspend();
    let back = Instant::now() + TEN_SECONDS;
    talk.failure_that_says("no answer within 5 s").await;
    wait_for(back).await;
    redis.process().resume();
    talk.recovered("SIGSTOP", Instant::now()).await;
    log.is_one_outage(&format!("127.0.0.1:{}", redis.port()), &[]);
}

async fn wait_for(instant: Instant) {
    while Instant::now() < instant {
        sleep(PAUSE).await;
    }
}
