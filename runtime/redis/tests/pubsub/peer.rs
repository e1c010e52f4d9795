//! A Python process with the real channels_redis.pubsub.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use bytes::Bytes;
use laureola_message::{Message, Value};
use laureola_testkit::RedisServer;
use serde_json::{Value as Json, json};

/// The process; killed on drop. Its methods block.
pub(crate) struct Peer {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Peer {
    /// On these servers, with the options of channels_redis that are not in `options` at their
    /// defaults.
    pub(crate) fn start(redis: &[RedisServer], mut options: Json) -> Self {
        let hosts: Vec<_> = redis.iter().map(RedisServer::url).collect();
        options["hosts"] = json!(hosts);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pubsub/peer.py");
        let mut child = Command::new(laureola_testkit::python())
            .arg(script)
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let stdin = child.stdin.take().expect("stdin is piped");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Self { child, stdin, stdout }
    }

    pub(crate) fn new_channel(&mut self) -> String {
        let name = self.ask(&json!(["new_channel"]));
        name.as_str().expect("a name").to_owned()
    }

    pub(crate) fn listen(&mut self, channel: &str) {
        self.ask(&json!(["listen", channel]));
    }

    pub(crate) fn send(&mut self, channel: &str, messages: &[Message]) {
        self.ask(&json!(["send", channel, hex_of(messages)]));
    }

    pub(crate) fn receive(&mut self, channel: &str, count: usize) -> Vec<Message> {
        let received = self.ask(&json!(["receive", channel, count]));
        let received = received.as_array().expect("a list");
        received
            .iter()
            .map(|message| {
                let bytes = bytes_of(message.as_str().expect("hexadecimal"));
                Message::from_msgpack(bytes).expect("a message")
            })
            .collect()
    }

    pub(crate) fn group_add(&mut self, group: &str, channel: &str) {
        self.ask(&json!(["group_add", group, channel]));
    }

    pub(crate) fn group_discard(&mut self, group: &str, channel: &str) {
        self.ask(&json!(["group_discard", group, channel]));
    }

    pub(crate) fn group_send(&mut self, group: &str, messages: &[Message]) {
        self.ask(&json!(["group_send", group, hex_of(messages)]));
    }

    fn ask(&mut self, request: &Json) -> Json {
        writeln!(self.stdin, "{request}").expect("the peer runs");
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("the peer runs");
        serde_json::from_str(&line).expect("an answer; what went wrong stands on stderr")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every kind of value that JSON has, too; with text as long as `length`.
pub(crate) fn every_json_kind(length: usize) -> Value {
    Value::Map(vec![
        ("type".into(), "every.kind".into()),
        ("none".into(), Value::Nil),
        ("true".into(), true.into()),
        ("negative".into(), i64::MIN.into()),
        ("large".into(), Value::from(u64::MAX)),
        ("float".into(), Value::Float(-0.1)),
        ("infinite".into(), Value::Float(f64::INFINITY)),
        ("text".into(), "ž🐎".repeat(length / 6).as_str().into()),
        (
            "list".into(),
            Value::Array(vec![1.into(), Value::Array(Vec::new())]),
        ),
        (
            "dict".into(),
            Value::Map(vec![("a".into(), Value::Map(Vec::new()))]),
        ),
    ])
}

/// Every kind of value, with text and bytes as long as `length`.
pub(crate) fn every_kind(length: usize) -> Message {
    let Value::Map(mut pairs) = every_json_kind(length) else {
        unreachable!("a map");
    };
    pairs.push(("bytes".into(), Bytes::from(vec![0xC3; length]).into()));
    Message::from_value(&Value::Map(pairs)).expect("a map")
}

fn hex_of(messages: &[Message]) -> Vec<String> {
    let hex = |message: &Message| {
        message
            .msgpack()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    messages.iter().map(hex).collect()
}

fn bytes_of(hex: &str) -> Bytes {
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
    (0..hex.len()).step_by(2).map(byte).collect()
}
