//! `flush`: asks first, and deletes only what begins with the prefix.

use std::process::Command;

use laureola_testkit::{Process, RedisServer, RespValue};
use serde_json::json;

use super::config::ConfigFile;
use super::{layer, run};
use crate::server::SOON;

fn filled() -> RedisServer {
    let redis = RedisServer::start();
    redis.command(&["ZADD", "asgi:group:room", "1", "specific.a!b"]);
    redis.command(&["ZADD", "asgithumbnails", "1", "message"]);
    redis.command(&["SET", "session:1", "somebody else's"]);
    redis
}

fn keys(redis: &RedisServer) -> i64 {
    redis.command(&["DBSIZE"]).int()
}

/// `flush` on a terminal where somebody types `answer`.
fn flush_on_a_terminal(redis: &RedisServer, answer: &str) -> (String, Option<i32>) {
    on_a_terminal(&["--channel-layer", &redis.url()], answer)
}

fn on_a_terminal(layer: &[&str], answer: &str) -> (String, Option<i32>) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/terminal.py");
    let mut command = Command::new(laureola_testkit::python());
    command.args([script, answer, env!("CARGO_BIN_EXE_laureola"), "layer", "flush"]);
    command.args(layer);
    let mut process = Process::spawn("a terminal", &mut command);
    let status = process.wait_exit(SOON);
    (process.stdout(), status.code())
}

#[test]
fn without_a_terminal_it_wants_yes() {
    let redis = filled();
    layer(&redis, &["flush"]).failed(1, &["stdin is no terminal", "--yes"]);
    assert_eq!(keys(&redis), 3);
    let flushed = layer(&redis, &["flush", "--yes", "--json"]);
    assert_eq!(flushed.json(), json!({ "flushed": true, "prefix": "asgi" }));
    assert_eq!(redis.command(&["KEYS", "*"]).texts(), ["session:1"]);
}

#[test]
fn on_a_terminal_it_wants_the_prefix() {
    let redis = filled();
    let (seen, status) = flush_on_a_terminal(&redis, "yes");
    assert_eq!(status, Some(1), "{seen}");
    assert!(seen.contains("nothing was deleted"), "{seen}");
    assert_eq!(keys(&redis), 3);
    let (seen, status) = flush_on_a_terminal(&redis, "asgi");
    assert_eq!(status, Some(0), "{seen}");
    assert!(seen.contains("flushed asgi"), "{seen}");
    assert_eq!(
        redis.command(&["GET", "session:1"]),
        RespValue::Bulk(b"somebody else's".to_vec())
    );
    assert_eq!(keys(&redis), 1);
}

#[test]
fn without_a_prefix_it_says_that_nothing_would_be_left_and_wants_more_than_enter() {
    let redis = filled();
    let config = format!(
        r#"{{"default": {{"BACKEND": "channels_redis.core.RedisChannelLayer",
            "CONFIG": {{"prefix": "", "hosts": ["{}"]}}}}}}"#,
        redis.url()
    );
    let config = ConfigFile::new("json", &config);
    let from_file = ["--layer-config", config.path()];
    let (seen, status) = on_a_terminal(&from_file, "");
    assert_eq!(status, Some(1), "{seen}");
    assert!(seen.contains("EVERY key"), "{seen}");
    assert_eq!(keys(&redis), 3);
    run(&["layer", "flush", "--yes", from_file[0], from_file[1]]).failed(1, &["has no prefix"]);
    assert_eq!(keys(&redis), 3);
    let (seen, status) = on_a_terminal(&from_file, "every key");
    assert_eq!(status, Some(0), "{seen}");
    assert_eq!(keys(&redis), 0);
}
