//! A Python process with the real channels_redis.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use laureola_testkit::RedisServer;
use serde_json::{Value, json};

/// The process; killed on drop.
pub(crate) struct PythonMember {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl PythonMember {
    /// `kind` is `core` or `pubsub`; the layer's other options are its defaults.
    pub(crate) fn start(kind: &str, redis: &RedisServer) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/member.py");
        let options = json!({ "hosts": [redis.url()] });
        let mut child = Command::new(laureola_testkit::python())
            .args([script, kind, &options.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let stdin = child.stdin.take().expect("stdin is piped");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Self { child, stdin, stdout }
    }

    /// A new channel, in these groups.
    pub(crate) fn join(&mut self, groups: &[&str]) -> String {
        let channel = self.ask(&json!(["new_channel"]));
        for group in groups {
            self.ask(&json!(["group_add", group, channel]));
        }
        channel.as_str().expect("a name").to_owned()
    }

    pub(crate) fn send(&mut self, channel: &str, message: &Value) {
        self.ask(&json!(["send", channel, message]));
    }

    pub(crate) fn group_send(&mut self, group: &str, message: &Value) {
        self.ask(&json!(["group_send", group, message]));
    }

    /// The next message of a channel; Python itself gives up after a while.
    pub(crate) fn receive(&mut self, channel: &str) -> Value {
        self.ask(&json!(["receive", channel]))
    }

    fn ask(&mut self, request: &Value) -> Value {
        writeln!(self.stdin, "{request}").expect("the member runs");
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("the member runs");
        serde_json::from_str(&line).expect("an answer; what went wrong stands on stderr")
    }
}

impl Drop for PythonMember {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
