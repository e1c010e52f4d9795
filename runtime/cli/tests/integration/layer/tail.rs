//! `tail`: what passes through a group.

use std::process::{self, Stdio};

use laureola_testkit::{RedisServer, RespValue, wait_until};
use serde_json::{Value, json};

use super::layer;
use crate::python_member::PythonMember;
use crate::server::{Command, SOON, command};

fn members(redis: &RedisServer) -> i64 {
    redis.command(&["ZCARD", "asgi:group:room"]).int()
}

/// `tail room`, once it has joined.
fn tail(redis: &RedisServer, args: &[&str]) -> Command {
    let url = redis.url();
    let process = command(&[&["layer", "--channel-layer", &url, "tail", "room"], args].concat());
    wait_until("tail has joined", SOON, || members(redis) == 1);
    process
}

#[test]
fn it_prints_what_python_sends_a_json_line_a_message() {
    let redis = RedisServer::start();
    let mut python = PythonMember::start("core", &redis);
    let mut tail = tail(&redis, &["--json", "--count", "2"]);
    let messages = [
        json!({ "type": "chat.message", "message": "ž🐎\n" }),
        json!({ "type": "other", "list": [1, { "deep": null }] }),
    ];
    for message in &messages {
        python.group_send("room", message);
    }
    assert!(tail.wait_exit(SOON).success(), "{}", tail.output());
    let lines: Vec<Value> = tail
        .stdout()
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(lines, messages);
    assert_eq!(members(&redis), 0, "it has left");
}

#[test]
fn ctrl_c_leaves_the_group_and_ends_with_0() {
    let redis = RedisServer::start();
    let mut tail = tail(&redis, &[]);
    let shown = layer(&redis, &["members", "room"]);
    assert!(shown.rows()[0][0].starts_with("tail."), "{}", shown.stdout);
    layer(&redis, &["group-send", "room", r#"{"type": "a.b", "n": 1}"#]).succeeded();
    wait_until("the message is shown", SOON, || tail.stdout().contains('\n'));
    let line = tail.stdout();
    let (time, message) = line.trim_end().split_once(' ').expect("a time");
    assert_eq!(time.len(), "12:34:56".len(), "{time}");
    assert_eq!(message, r#"a.b {"type":"a.b","n":1}"#);
    tail.interrupt();
    assert!(tail.wait_exit(SOON).success(), "{}", tail.output());
    assert_eq!(members(&redis), 0);
    let keys = redis.command(&["KEYS", "*"]);
    assert_eq!(keys, RespValue::Array(Vec::new()), "nothing is left");
}

#[test]
fn a_timeout_is_the_end_and_a_failure_only_if_a_count_was_missed() {
    let redis = RedisServer::start();
    let url = redis.url();
    let tail = |args: &[&str]| {
        let mut process = command(&[&["layer", "--channel-layer", &url, "tail", "room"], args].concat());
        (process.wait_exit(SOON).code(), process.stderr())
    };
    let (status, stderr) = tail(&["--timeout", "0.05s"]);
    assert_eq!(status, Some(0), "{stderr}");
    let (status, stderr) = tail(&["--timeout", "0.05s", "--count", "2"]);
    assert_eq!(status, Some(1), "{stderr}");
    assert!(
        stderr.contains("laureola: 0 of 2 messages came in time"),
        "{stderr}"
    );
    assert_eq!(members(&redis), 0);
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let redis = RedisServer::start();
    let mut child = process::Command::new(env!("CARGO_BIN_EXE_laureola"))
        .args(["layer", "tail", "room", "--channel-layer", &redis.url()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("laureola starts");
    drop(child.stdout.take());
    wait_until("tail has joined", SOON, || members(&redis) == 1);
    layer(&redis, &["group-send", "room", r#"{"type": "a"}"#]).succeeded();
    let mut status = None;
    wait_until("it ends", SOON, || {
        status = child.try_wait().expect("a child");
        status.is_some()
    });
    let output = child.wait_with_output().expect("it has ended");
    assert!(output.status.success(), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.starts_with("joined room as tail.") && stderr.lines().count() == 1,
        "{stderr}"
    );
    assert_eq!(members(&redis), 0, "even so it has left");
}
