//! The password changes while the layer runs.

use std::time::Instant;

use laureola_testkit::{RedisServer, RespClient};

use crate::log::Log;
use crate::talk::Talk;

#[tokio::test]
async fn a_password_that_is_wrong_for_a_while_is_one_outage_with_its_reason() {
    let redis = RedisServer::start_with(&["--requirepass", "right"]);
    let log = Log::start();
    let port = redis.port();
    let mut talk = Talk::start(format!("redis://:right@127.0.0.1:{port}")).await;
    let mut admin = RespClient::connect(port).expect("a connection");
    admin.command(&["AUTH", "right"]).expect("an answer");
    admin
        .command(&["CONFIG", "SET", "requirepass", "other"])
        .expect("an answer");
    admin
        .command(&["CLIENT", "KILL", "TYPE", "normal"])
        .expect("an answer");
    talk.failure_that_says("the password or the user name is wrong")
        .await;
    admin
        .command(&["CONFIG", "SET", "requirepass", "right"])
        .expect("an answer");
    talk.recovered("a wrong password", Instant::now()).await;
    log.is_one_outage(
        &format!("127.0.0.1:{port}"),
        &["redis refuses the connection; trying again"],
    );
    assert!(
        log.lines().iter().all(|line| !line.contains("right")),
        "{:?}",
        log.lines()
    );
}
