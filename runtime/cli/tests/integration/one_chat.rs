//! One chat room on three servers: two of ours and a Django Channels site under Daphne.

use std::time::Duration;

use laureola_testkit::{DjangoSite, Received, RedisServer, RespValue, WebSocket, wait_until};
use serde_json::{Value, json};

use crate::server::{SOON, Server, ending, heard};

/// Both sides hold a burst of this many messages; see `CAPACITY`.
const BURST: usize = 500;

/// channels_redis drops what is over 100 messages in a process's key; a burst needs more on every
/// sender. The Django site has the same by default.
const CAPACITY: &str = "1000";

/// Nothing may arrive within this time.
const QUIET: Duration = Duration::from_millis(300);

struct Site {
    redis: RedisServer,
    first: Server,
    second: Server,
    django: DjangoSite,
}

impl Site {
    fn start() -> Self {
        let redis = RedisServer::start();
        let url = redis.url();
        let layer = ["--channel-layer", &url, "--layer-capacity", CAPACITY];
        // Nobody types as fast as a burst.
        let ours = || Server::start(&[&layer[..], &["--chat-rate", "0"]].concat());
        let django = DjangoSite::start(&url);
        Self {
            first: ours(),
            second: ours(),
            django,
            redis,
        }
    }

    /// A client on each of the three servers.
    fn join(&self, room: &str) -> [WebSocket; 3] {
        let path = format!("/ws/chat/{room}/?username=django");
        [
            self.first.join(room, "first"),
            self.second.join(room, "second"),
            WebSocket::connect(self.django.port(), &path, &[]),
        ]
    }

    fn members(&self, room: &str) -> RespValue {
        self.redis.command(&["ZCARD", &format!("asgi:group:chat_{room}")])
    }
}

fn expected(sender: usize, text: &str) -> Value {
    let username = ["first", "second", "django"][sender];
    json!({ "message": text, "username": username })
}

fn assert_quiet(socket: &mut WebSocket) {
    // Who came may be told late; nothing may be said.
    while let Some(received) = socket.try_recv(QUIET) {
        let Received::Text(text) = &received else {
            panic!("{received:?}");
        };
        assert!(!text.contains("\"message\":"), "{text}");
    }
}

#[test]
fn messages_cross_all_three_servers_in_every_direction_and_stay_in_their_room() {
    let site = Site::start();
    let mut room = site.join("lobby");
    let mut others = site.join("kitchen");
    assert_eq!(site.members("lobby"), RespValue::Integer(3));

    for sender in 0..3 {
        for text in ["hello", "<b>bold</b> & more", "日本語 🎉", "\"quoted\" \\ \u{1}"] {
            room[sender].send_json(&json!({ "message": text }));
            for member in &mut room {
                assert_eq!(heard(member), expected(sender, text));
            }
        }
    }
    others.iter_mut().for_each(assert_quiet);
}

#[test]
fn a_burst_from_each_server_arrives_whole_and_in_order_everywhere() {
    let site = Site::start();
    for sender in 0..3 {
        let mut room = site.join("burst");
        for number in 0..BURST {
            room[sender].send_json(&json!({ "message": number.to_string() }));
        }
        for (member, socket) in room.iter_mut().enumerate() {
            for number in 0..BURST {
                let got = heard(socket);
                assert_eq!(
                    got,
                    expected(sender, &number.to_string()),
                    "from {sender} to {member}"
                );
            }
        }
        drop(room);
        wait_until("the room is empty", SOON, || {
            site.members("burst") == RespValue::Integer(0)
        });
    }
}

#[test]
fn bursts_from_all_servers_at_once_keep_each_senders_order() {
    let site = Site::start();
    let mut room = site.join("all");
    for number in 0..BURST / 3 {
        for socket in &mut room {
            socket.send_json(&json!({ "message": number.to_string() }));
        }
    }
    for (member, socket) in room.iter_mut().enumerate() {
        let mut next = std::collections::HashMap::<String, usize>::new();
        for _ in 0..3 * (BURST / 3) {
            let got = heard(socket);
            let sender = got["username"].as_str().expect("a name").to_owned();
            let number = next.entry(sender.clone()).or_default();
            assert_eq!(got["message"], number.to_string(), "from {sender} to {member}");
            *number += 1;
        }
    }
}

#[test]
fn a_client_that_leaves_is_out_of_the_group_at_once() {
    let site = Site::start();
    let mut staying = site.first.join("leaving", "first");
    let mut closing = site.first.join("leaving", "first");
    let vanishing = site.second.join("leaving", "second");
    assert_eq!(site.members("leaving"), RespValue::Integer(3));

    closing.close(1000);
    assert!(matches!(
        ending(&mut closing),
        Received::Close { code: Some(1000), .. }
    ));
    wait_until("the one that closed is out", SOON, || {
        site.members("leaving") == RespValue::Integer(2)
    });
    drop(vanishing);
    wait_until("the one that vanished is out", SOON, || {
        site.members("leaving") == RespValue::Integer(1)
    });

    staying.send_json(&json!({ "message": "alone" }));
    assert_eq!(heard(&mut staying), expected(0, "alone"));
}

#[test]
fn killing_one_server_loses_nothing_for_the_others() {
    let mut site = Site::start();
    let [mut first, mut second, mut django] = site.join("killed");
    let total = 200;
    for number in 0..total {
        first.send_json(&json!({ "message": number.to_string() }));
        if number == total / 2 {
            // Dead without a goodbye, its members still in the group and its key filling up.
            assert_eq!(heard(&mut second), expected(0, "0"));
            site.second.process.sigkill();
        }
    }
    for number in 0..total {
        assert_eq!(heard(&mut first), expected(0, &number.to_string()));
        assert_eq!(heard(&mut django), expected(0, &number.to_string()));
    }
    django.send_json(&json!({ "message": "still here" }));
    for member in [&mut first, &mut django] {
        assert_eq!(heard(member), expected(2, "still here"));
    }
}
