//! A UNIX socket.

use std::time::Instant;

use laureola_redis::Host;
use laureola_testkit::RedisServer;

use crate::log::Log;
use crate::talk::Talk;

#[tokio::test]
async fn a_socket_works_and_comes_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let socket = dir.path().join("redis.sock");
    let socket = socket.to_str().expect("UTF-8");
    let (mut redis, log) = (RedisServer::start_with(&["--unixsocket", socket]), Log::start());
    let mut talk = Talk::start(Host::from(format!("unix://{socket}?db=3"))).await;
    assert_eq!(redis.command(&["DBSIZE"]).int(), 0, "it is in another database");
    redis.stop();
    talk.failure().await;
    redis.restart();
    talk.recovered("a restart behind a UNIX socket", Instant::now())
        .await;
    log.is_one_outage(socket, &[]);
}
