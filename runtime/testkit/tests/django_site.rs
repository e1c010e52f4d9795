//! The Django site, our WebSocket client, and the channel layer between them, on real parts.

use std::time::Duration;

use laureola_testkit::{DjangoSite, RawHttp, Received, RedisServer, WebSocket, wait_until};
use serde_json::json;

const DEADLINE: Duration = Duration::from_secs(20);

/// The group of the room `lobby` in Redis.
const LOBBY: &str = "asgi:group:chat_lobby";

fn join(site: &DjangoSite, room: &str, username: &str) -> WebSocket {
    WebSocket::connect(site.port(), &format!("/ws/chat/{room}/?username={username}"), &[])
}

#[test]
fn a_message_reaches_everyone_in_the_room_and_nobody_else() {
    let redis = RedisServer::start();
    let site = DjangoSite::start(&redis.url());
    let mut ann = join(&site, "lobby", "%20Ann%20");
    let mut guest = join(&site, "lobby", "");
    let mut elsewhere = join(&site, "attic", "Eve");
    assert_eq!(redis.command(&["ZCARD", LOBBY]).int(), 2);

    ann.send_json(&json!({ "message": "hello", "username": "somebody else", "room": "attic" }));
    guest.send_json(&json!({ "message": "<b>hi</b> ☕" }));

    let said = |socket: &mut WebSocket| {
        let mut both = [socket.recv_json(DEADLINE), socket.recv_json(DEADLINE)];
        both.sort_by_key(|message| message["username"].to_string());
        both
    };
    let expected = [
        json!({ "message": "hello", "username": "Ann" }),
        json!({ "message": "<b>hi</b> ☕", "username": "guest" }),
    ];
    assert_eq!(said(&mut ann), expected);
    assert_eq!(said(&mut guest), expected);
    assert_eq!(elsewhere.try_recv(Duration::from_millis(50)), None);
}

#[test]
fn who_leaves_is_out_of_the_group() {
    let redis = RedisServer::start();
    let site = DjangoSite::start(&redis.url());
    let mut leaves = join(&site, "lobby", "a");
    let vanishes = join(&site, "lobby", "b");
    leaves.close(1000);
    assert_eq!(
        leaves.recv(DEADLINE),
        Received::Close {
            code: Some(1000),
            reason: String::new()
        }
    );
    assert_eq!(leaves.recv(DEADLINE), Received::Eof);
    drop(vanishes);
    wait_until("an empty group", DEADLINE, || {
        redis.command(&["ZCARD", LOBBY]).int() == 0
    });
}

#[test]
fn pages_answer_and_foreign_origins_do_not_get_in() {
    let redis = RedisServer::start();
    let site = DjangoSite::start_with(&redis.url(), &[("CHANNEL_LAYER_PREFIX", "other")]);
    let page = RawHttp::get(site.port(), "/chat/lobby/", DEADLINE);
    assert_eq!(page.status, 200);
    for id in ["log", "message-input", "message-send", "username-input"] {
        assert!(page.text().contains(&format!("id=\"{id}\"")), "no #{id}");
    }
    assert_eq!(RawHttp::get(site.port(), "/chat/a%20b/", DEADLINE).status, 404);

    let foreign = WebSocket::try_connect(
        site.port(),
        "/ws/chat/lobby/",
        &[("Origin", "https://evil.example")],
    );
    assert_eq!(foreign.unwrap_err().status, 403);
    let _own = join(&site, "lobby", "a");
    assert_eq!(
        redis.command(&["KEYS", "*:group:*"]).texts(),
        ["other:group:chat_lobby"]
    );
}

#[test]
fn a_burst_arrives_whole_and_in_order() {
    const BURST: usize = 500;
    let redis = RedisServer::start();
    let site = DjangoSite::start(&redis.url());
    let mut talks = join(&site, "lobby", "a");
    let mut listens = join(&site, "lobby", "b");
    for number in 0..BURST {
        talks.send_json(&json!({ "message": number.to_string() }));
    }
    for socket in [&mut listens, &mut talks] {
        for number in 0..BURST {
            assert_eq!(
                socket.recv_json(DEADLINE),
                json!({ "message": number.to_string(), "username": "a" })
            );
        }
    }
}
