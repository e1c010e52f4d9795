//! `export`.

use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use laureola_chat::store::{NewMessage, Store};
use laureola_django::Database;
use laureola_django::auth::{NewUser, Users};
use serde_json::{Value, json};

use crate::place::Place;

/// A user and a room.
pub(crate) async fn furnish(store: &Store, name: &str) -> NewMessage {
    let users = Users::new(store.database().clone(), Default::default());
    let ada = NewUser {
        username: "ada",
        password: "!",
        email: "",
        is_superuser: false,
    };
    let user = users.create(ada).await.expect("created").expect("free");
    let room = store.create_room(name, None).await.expect("created").id;
    NewMessage {
        room,
        user,
        content: String::new(),
        at: UNIX_EPOCH + Duration::from_micros(1_763_790_000_123_456),
        again_after: None,
    }
}

/// So many messages, numbered.
pub(crate) async fn talk(store: &Store, message: &NewMessage, count: usize) {
    let say = |n: usize| NewMessage {
        content: format!("{n} \u{2028}\n<é>"),
        ..message.clone()
    };
    let messages: Vec<_> = (0..count).map(say).collect();
    store.insert(&messages).await.expect("stored");
}

#[track_caller]
pub(crate) fn check(text: &str, count: usize) {
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect();
    assert_eq!(lines.len(), count);
    for (n, line) in lines.iter().enumerate() {
        assert_eq!(line["message"], format!("{n} \u{2028}\n<é>"));
        assert_eq!(
            (&line["username"], &line["at"]),
            (&json!("ada"), &json!(1_763_790_000.123_456))
        );
    }
    assert!(lines.is_sorted_by_key(|line| line["id"].as_i64()));
}

#[tokio::test]
async fn everything_comes_in_order_wherever_it_goes() {
    let place = Place::new();
    let store = place.store().await;
    let message = furnish(&store, "Tea room").await;
    talk(&store, &message, 1201).await;
    store.create_room("Empty", None).await.expect("created");
    let said = place.chat(&["export", "tea-room"]).done();
    check(&said.stdout, 1201);
    assert_eq!(said.stderr, "");
    // By its name, to a file that is there already.
    fs::write(place.file("tea.jsonl"), "old").expect("written");
    let said = place
        .chat(&["export", "Tea room", "--output", "tea.jsonl"])
        .done();
    check(
        &fs::read_to_string(place.file("tea.jsonl")).expect("written"),
        1201,
    );
    assert_eq!(said.stdout, "");
    assert_eq!(said.stderr, "exported 1201 messages of Tea room to tea.jsonl\n");
    assert!(!place.file("tea.jsonl.part").exists());
    assert_eq!(place.chat(&["export", "empty"]).done().stdout, "");
    place
        .chat(&["export", "empty", "-o", "nowhere/x"])
        .failed(&["cannot write to nowhere/x"]);
    let full = place.chat(&["export", "tea-room", "-o", "/dev/full"]);
    full.failed(&["cannot write to /dev/full: No space left"]);
}

#[tokio::test]
async fn a_room_that_is_not_there_is_said_with_those_like_it() {
    let place = Place::new();
    let store = place.store().await;
    place
        .chat(&["export", "tea"])
        .failed(&["there is no room \"tea\""]);
    for (name, slug) in [
        ("Tea room", "tea-room"),
        ("General", "general"),
        ("Twins", "twin-1"),
        ("Twins", "twin-2"),
    ] {
        store.create_room(name, Some(slug)).await.expect("created");
    }
    place
        .chat(&["export", "tae room"])
        .failed(&["there is no room \"tae room\"; similar: tea-room"]);
    place
        .chat(&["export", "Twins"])
        .failed(&["give the slug of one: twin-1, twin-2"]);
    place.chat(&["export", "GENERAL"]).done();
}

#[test]
fn a_database_that_is_not_there_is_not_made() {
    let place = Place::new();
    place
        .chat(&["export", "tea"])
        .failed(&["there is no database", "chat.sqlite3", "--database-url"]);
    assert!(!place.file("chat.sqlite3").exists());
    fs::write(place.file("chat.sqlite3"), "").expect("written");
    place.chat(&["export", "tea"]).failed(&["there is no database"]);
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_failure() {
    let place = Place::new();
    let store = place.store().await;
    let message = furnish(&store, "Tea").await;
    talk(&store, &message, 5000).await;
    let mut child = Command::new(env!("CARGO_BIN_EXE_laureola"))
        .args(["chat", "export", "tea", "--database-url", &place.url])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("laureola starts");
    let mut first = [0; 100];
    child
        .stdout
        .take()
        .expect("piped")
        .read_exact(&mut first)
        .expect("read");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[tokio::test]
async fn a_large_room_shows_its_progress_and_takes_little_memory() {
    const MIB: u64 = 1 << 20;
    /// Some pages of 500 messages, and the database's cache.
    const SPACE: u64 = 32 * MIB;
    let place = Place::new();
    let store = place.store().await;
    let message = furnish(&store, "Tea").await;
    let Database::Sqlite(pools) = store.database() else {
        panic!("it is SQLite");
    };
    let fill = "INSERT INTO room_message (content, date_added, user_id, room_id) \
        WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 16000) \
        SELECT hex(zeroblob(2048)), '2025-11-22 05:40:00', $1, $2 FROM number";
    sqlx::query(fill)
        .bind(message.user)
        .bind(message.room)
        .execute(&pools.write)
        .await
        .expect("filled");
    store.create_room("Empty", None).await.expect("created");
    let nothing = place
        .talk(&["export", "empty", "--output", "empty.jsonl"], &[])
        .peak;
    let told = place.talk(&["export", "tea", "--output", "tea.jsonl"], &[]);
    assert_eq!(told.status, 0, "{told:?}");
    assert!(told.seen.contains("/16,000 messages"), "{told:?}");
    let written = fs::metadata(place.file("tea.jsonl")).expect("written").len();
    assert!(written > 60 * MIB, "{written}");
    let took = told.peak.saturating_sub(nothing);
    assert!(took < SPACE, "{} MiB for {} MiB", took / MIB, written / MIB);
}
