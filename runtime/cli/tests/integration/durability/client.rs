//! A client that sends again what was not acknowledged.

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use laureola_testkit::{Frame, Received, WebSocket};
use serde_json::{Value, json};

/// How long it goes on after its last message was due.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) fn text(client: usize, number: usize) -> String {
    format!("message {number} of client {client}")
}

/// What became of a client's messages.
#[derive(Debug, Default)]
pub(super) struct Story {
    pub(super) number: usize,
    /// Number and key of each.
    pub(super) acknowledged: Vec<(usize, i64)>,
    pub(super) refused: Vec<String>,
    pub(super) sent_again: usize,
    /// Of those that were sent again: stored by the server that was killed, before it could say so.
    pub(super) stored_before: usize,
    pub(super) lost: usize,
    pub(super) slowest: Duration,
}

pub(super) struct Client {
    port: u16,
    path: String,
    cookie: String,
    /// The newest message it knows.
    seen: i64,
    /// The newest message there was when it connected.
    known: i64,
    /// What was sent and not acknowledged.
    pending: VecDeque<Pending>,
    story: Story,
}

struct Pending {
    number: usize,
    /// The newest message it knew when it sent it first.
    after: i64,
    at: Instant,
    again: bool,
}

enum Talk {
    Done,
    Lost,
}

impl Client {
    pub(super) fn new(number: usize, port: u16, room: &str, cookie: String) -> Self {
        Self {
            port,
            path: format!("/ws/{room}/"),
            cookie,
            seen: 0,
            known: 0,
            pending: VecDeque::new(),
            story: Story {
                number,
                ..Story::default()
            },
        }
    }

    /// Sends `messages`, one an `interval`, until all are acknowledged.
    pub(super) fn tell(mut self, start: Instant, interval: Duration, messages: usize) -> Story {
        let due = |number: usize| start + interval * u32::try_from(number).expect("few");
        let end = due(messages) + PATIENCE;
        let mut next = 0;
        loop {
            let mut socket = self.connect(end);
            if let Talk::Done = self.talk(&mut socket, &mut next, messages, due, end) {
                return self.story;
            }
            self.story.lost += 1;
        }
    }

    fn connect(&self, end: Instant) -> WebSocket {
        let path = match self.seen {
            0 => self.path.clone(),
            seen => format!("{}?after={seen}", self.path),
        };
        loop {
            assert!(Instant::now() < end, "the server is not back");
            if let Ok(Ok(socket)) = WebSocket::attempt(self.port, &path, &[("cookie", &self.cookie)]) {
                return socket;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn talk(
        &mut self,
        socket: &mut WebSocket,
        next: &mut usize,
        messages: usize,
        due: impl Fn(usize) -> Instant,
        end: Instant,
    ) -> Talk {
        for index in 0..self.pending.len() {
            self.pending[index].again = true;
            self.story.sent_again += 1;
            if !self.send(socket, index) {
                return Talk::Lost;
            }
        }
        while *next < messages || !self.pending.is_empty() {
            assert!(
                Instant::now() < end,
                "{} messages are not acknowledged",
                self.pending.len()
            );
            let mut wait = Duration::from_millis(50);
            if *next < messages {
                wait = wait.min(due(*next).saturating_duration_since(Instant::now()));
                if wait.is_zero() {
                    self.pending.push_back(Pending {
                        number: *next,
                        after: self.seen,
                        at: Instant::now(),
                        again: false,
                    });
                    *next += 1;
                    if !self.send(socket, self.pending.len() - 1) {
                        return Talk::Lost;
                    }
                    continue;
                }
            }
            match socket.try_recv(wait) {
                None => {}
                Some(Received::Text(text)) => self.understand(&serde_json::from_str(&text).expect("JSON")),
                Some(Received::Ping(data)) => {
                    let pong = Frame::new(Frame::PONG, data).encode();
                    if socket.try_send_raw(pong).is_err() {
                        return Talk::Lost;
                    }
                }
                Some(_) => return Talk::Lost,
            }
        }
        Talk::Done
    }

    fn send(&self, socket: &mut WebSocket, index: usize) -> bool {
        let pending = &self.pending[index];
        let mut content = json!({
            "message": text(self.story.number, pending.number),
            "id": pending.number.to_string(),
        });
        if pending.again {
            content["again"] = true.into();
            content["after"] = pending.after.into();
        }
        let frame = Frame::new(Frame::TEXT, content.to_string());
        socket.try_send_raw(frame.encode()).is_ok()
    }

    fn understand(&mut self, content: &Value) {
        if let Some(ack) = content["ack"].as_str() {
            let id = content["id"].as_i64().expect("a key");
            let found = self
                .pending
                .iter()
                .position(|pending| pending.number.to_string() == ack);
            // One that was sent again may be acknowledged twice.
            if let Some(pending) = found.and_then(|index| self.pending.remove(index)) {
                self.story.slowest = self.story.slowest.max(pending.at.elapsed());
                self.story.acknowledged.push((pending.number, id));
                if pending.again && id <= self.known {
                    self.story.stored_before += 1;
                }
            }
            self.seen = self.seen.max(id);
        } else if content.get("message").is_some() {
            self.seen = self.seen.max(content["id"].as_i64().unwrap_or(0));
        } else if let Some(history) = content["history"].as_array() {
            let ids = history.iter().filter_map(|entry| entry["id"].as_i64());
            self.seen = self.seen.max(ids.max().unwrap_or(0));
            // It is told before anything that was sent on this connection is looked at.
            self.known = self.seen;
        } else if let Some(error) = content["error"].as_str() {
            self.story.refused.push(error.to_owned());
        }
    }
}
