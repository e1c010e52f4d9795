//! A Python process with the real channels_redis, and the messages that go to and fro.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use bytes::Bytes;
use laureola_layers::Mailbox;
use laureola_message::{Message, Value};
use laureola_testkit::RedisServer;
use serde_json::{Value as Json, json};
use tokio::time::timeout;

use crate::DEADLINE;

/// The process; killed on drop. Its methods block.
pub(crate) struct Peer {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Peer {
    /// With the options of channels_redis that are not in `options` at their defaults.
    pub(crate) fn start(redis: &RedisServer, options: Json) -> Self {
        Self::start_on(std::slice::from_ref(redis), options)
    }

    /// The same on several hosts.
    pub(crate) fn start_on(servers: &[RedisServer], mut options: Json) -> Self {
        options["hosts"] = servers.iter().map(RedisServer::url).collect();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/peer.py");
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

    /// How many were sent before the channel was full.
    pub(crate) fn send(&mut self, channel: &str, messages: &[Message]) -> usize {
        let sent = self.ask(&json!(["send", channel, hex_of(messages)]));
        sent.as_u64().expect("a number") as usize
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

    /// Which host it takes for this name.
    pub(crate) fn hash(&mut self, name: &str) -> u64 {
        self.ask(&json!(["hash", name])).as_u64().expect("a number")
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

    /// Ends with a message of `channel` popped and not handed over.
    pub(crate) fn die_with_message_in_flight(mut self, channel: &str) {
        self.tell(&json!(["die_with_message_in_flight", channel]));
        let status = self.child.wait().expect("it ends");
        assert_eq!(status.code(), Some(9));
    }

    fn tell(&mut self, request: &Json) {
        writeln!(self.stdin, "{request}").expect("the peer runs");
    }

    fn ask(&mut self, request: &Json) -> Json {
        self.tell(request);
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

/// `{"type": "test.number", "n": n}`.
pub(crate) fn numbered(n: i64) -> Message {
    let value = Value::Map(vec![
        ("type".into(), "test.number".into()),
        ("n".into(), n.into()),
    ]);
    Message::from_value(&value).expect("a map")
}

pub(crate) fn numbers(range: std::ops::Range<i64>) -> Vec<Message> {
    range.map(numbered).collect()
}

/// Every kind of value, with text and bytes as long as `length`.
pub(crate) fn every_kind(length: usize) -> Message {
    every_kind_with(length, Bytes::from(vec![0xC3; length]).into())
}

/// Every kind of value that JSON can hold.
pub(crate) fn every_json_kind(length: usize) -> Message {
    every_kind_with(length, Value::Nil)
}

fn every_kind_with(length: usize, bytes: Value) -> Message {
    let value = Value::Map(vec![
        ("type".into(), "every.kind".into()),
        ("none".into(), Value::Nil),
        ("true".into(), true.into()),
        ("negative".into(), i64::MIN.into()),
        ("large".into(), Value::from(u64::MAX)),
        ("float".into(), Value::Float(-0.1)),
        ("infinite".into(), Value::Float(f64::INFINITY)),
        ("text".into(), "ž🐎".repeat(length / 6).as_str().into()),
        ("bytes".into(), bytes),
        (
            "list".into(),
            Value::Array(vec![1.into(), Value::Array(Vec::new())]),
        ),
        (
            "dict".into(),
            Value::Map(vec![("a".into(), Value::Map(Vec::new()))]),
        ),
    ]);
    Message::from_value(&value).expect("a map")
}

/// The next message of a mailbox.
pub(crate) async fn receive(mailbox: &mut Mailbox) -> Message {
    let delivery = timeout(DEADLINE, mailbox.recv())
        .await
        .expect("a message arrives");
    delivery.message().clone()
}

/// As many as that.
pub(crate) async fn receive_many(mailbox: &mut Mailbox, count: usize) -> Vec<Message> {
    let mut messages = Vec::new();
    while messages.len() < count {
        messages.push(receive(mailbox).await);
    }
    messages
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
