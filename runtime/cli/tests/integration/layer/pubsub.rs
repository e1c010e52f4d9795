//! What can be seen of a pub/sub layer, and what cannot.

use laureola_testkit::{RedisServer, wait_until};
use serde_json::json;

use super::{Outcome, run};
use crate::python_member::PythonMember;
use crate::server::{SOON, Server, command};

fn layer(redis: &RedisServer, args: &[&str]) -> Outcome {
    run(&[
        &["layer", "--channel-layer", &redis.url(), "--layer-kind", "pubsub"],
        args,
    ]
    .concat())
}

#[test]
fn groups_are_those_somebody_is_subscribed_to() {
    let redis = RedisServer::start();
    assert_eq!(
        layer(&redis, &["groups"]).stdout,
        "no groups under the prefix asgi\n"
    );
    let server = Server::start(&["--channel-layer", &redis.url(), "--layer-kind", "pubsub"]);
    let _sockets = [server.join("lobby", "ada"), server.join("lobby", "bob")];
    let mut python = PythonMember::start("pubsub", &redis);
    python.join(&["chat_lobby", "chat_kitchen"]);
    let host = format!("127.0.0.1:{}", redis.port());
    let groups = layer(&redis, &["groups"]);
    assert!(
        groups.stdout.starts_with("GROUP         PROCESSES  HOST\n"),
        "{}",
        groups.stdout
    );
    assert_eq!(
        groups.rows(),
        [
            ["chat.lobby", "1", &host],
            ["chat_kitchen", "1", &host],
            ["chat_lobby", "2", &host]
        ]
    );
    assert_eq!(
        layer(&redis, &["groups", "--json"]).json()[2],
        json!({ "group": "chat_lobby", "processes": 2, "host": host })
    );
}

#[test]
fn what_redis_does_not_keep_cannot_be_told() {
    let redis = RedisServer::start();
    for args in [&["members", "room"][..], &["depth", "thumbnails"], &["gc"]] {
        layer(&redis, args).failed(1, &[args[0], "a pub/sub layer keeps nothing in Redis"]);
    }
    layer(&redis, &["flush", "--yes"]).failed(1, &["nothing to delete"]);
    layer(&redis, &["ping"]).succeeded();
}

#[test]
fn messages_pass_to_and_from_python() {
    let redis = RedisServer::start();
    let mut python = PythonMember::start("pubsub", &redis);
    let channel = python.join(&["room"]);
    let message = json!({ "type": "chat.message", "n": 1 });
    layer(&redis, &["group-send", "room", &message.to_string()]).succeeded();
    assert_eq!(python.receive(&channel), message);
    layer(&redis, &["send", &channel, &message.to_string()]).succeeded();
    assert_eq!(python.receive(&channel), message);

    let url = redis.url();
    let mut tail = command(&[
        "layer",
        "tail",
        "room",
        "--json",
        "--count",
        "1",
        "--channel-layer",
        &url,
        "--layer-kind",
        "pubsub",
    ]);
    wait_until("tail has joined", SOON, || tail.stderr().contains("joined room"));
    python.group_send("room", &message);
    assert!(tail.wait_exit(SOON).success(), "{}", tail.output());
    let line: serde_json::Value = serde_json::from_str(&tail.stdout()).expect("JSON");
    assert_eq!(line, message);
}
