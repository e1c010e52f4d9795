//! `create-room`, and databases that cannot be used.

use std::fs;

use laureola_django::Database;

use crate::place::Place;

#[tokio::test]
async fn a_room_is_created_once() {
    let place = Place::new();
    assert_eq!(
        place.chat(&["create-room", " Tea  room "]).done().stdout,
        "/rooms/tea-room/\n"
    );
    assert_eq!(
        place
            .chat(&["create-room", "茶室", "--slug", "cha"])
            .done()
            .stdout,
        "/rooms/cha/\n"
    );
    place
        .chat(&["create-room", "Tea room"])
        .failed(&["there is a room with this slug already", "--slug"]);
    place
        .chat(&["create-room", "茶室"])
        .failed(&["no slug can be made", "--slug"]);
    place
        .chat(&["create-room", "Tea", "--slug", "a b"])
        .failed(&["1 to 50 ASCII letters"]);
    place.chat(&["create-room", ""]).failed(&["1 to 255 characters"]);
    let rooms = place.store().await.rooms().await.expect("read");
    let names: Vec<_> = rooms.iter().map(|room| (&*room.name, &*room.slug)).collect();
    assert_eq!(names, [("Tea  room", "tea-room"), ("茶室", "cha")]);
}

#[test]
fn a_database_that_cannot_be_used_is_one_line_that_says_what_to_do() {
    let mut place = Place::new();
    fs::write(
        place.file("letter.txt"),
        "not a database, but long enough to be looked at ".repeat(20),
    )
    .expect("written");
    for (file, words) in [
        ("letter.txt", &["letter.txt", "name another one"][..]),
        ("nowhere/chat.sqlite3", &["nowhere/chat.sqlite3", "its directory"]),
    ] {
        place.url = format!("sqlite://{}", place.file(file).display());
        place.chat(&["create-room", "Tea"]).failed(words);
    }
}

#[tokio::test]
async fn a_locked_database_is_waited_for_and_then_said() {
    let place = Place::new();
    let store = place.store().await;
    let Database::Sqlite(pools) = store.database() else {
        panic!("it is SQLite");
    };
    let lock = pools.write.begin_with("BEGIN EXCLUSIVE").await.expect("locked");
    place
        .chat(&["create-room", "Tea"])
        .failed(&["chat.sqlite3", "locked", "try again"]);
    lock.rollback().await.expect("unlocked");
    place.chat(&["create-room", "Tea"]).done();
}
