//! The server is there and takes no more.

use std::time::Instant;

use laureola_layers::ChannelName;
use laureola_testkit::{RedisServer, RespClient};

use crate::chain;
use crate::log::Log;
use crate::talk::{Talk, room};

#[tokio::test]
async fn maxclients_is_one_outage_with_its_reason() {
    let (redis, log) = (RedisServer::start(), Log::start());
    let mut talk = Talk::start(redis.url()).await;
    let mut admin = RespClient::connect(redis.port()).expect("a connection");
    admin
        .command(&["CONFIG", "SET", "maxclients", "1"])
        .expect("an answer");
    admin
        .command(&["CLIENT", "KILL", "TYPE", "normal"])
        .expect("an answer");
    talk.failure_that_says("raise its maxclients").await;
    admin
        .command(&["CONFIG", "SET", "maxclients", "100"])
        .expect("an answer");
    talk.recovered("maxclients", Instant::now()).await;
    log.is_one_outage(
        &format!("127.0.0.1:{}", redis.port()),
        &["redis refuses the connection; trying again"],
    );
}

#[tokio::test]
async fn a_full_memory_is_an_error_of_each_call_and_no_outage() {
    let (redis, log) = (RedisServer::start(), Log::start());
    let mut talk = Talk::start(redis.url()).await;
    redis.command(&[
        "CONFIG",
        "SET",
        "maxmemory-policy",
        "noeviction",
        "maxmemory",
        "1",
    ]);
    let other = ChannelName::new("other").expect("a name");
    for _ in 0..3 {
        let error = talk.layer.group_add(&room(), &other).await;
        let text = chain(&error.expect_err("no memory"));
        assert!(
            text.contains("the server is out of memory: raise its maxmemory"),
            "{text}"
        );
    }
    redis.command(&["CONFIG", "SET", "maxmemory", "0"]);
    let back = Instant::now();
    talk.layer
        .group_add(&room(), &other)
        .await
        .expect("there is memory");
    talk.recovered("a full memory", back).await;
    assert_eq!(log.lines(), [""; 0]);
}
