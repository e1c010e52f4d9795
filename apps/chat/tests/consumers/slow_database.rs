//! A database that somebody else has locked.

use serde_json::json;
use sqlx::{Connection as _, SqliteConnection};

use crate::site::Site;

#[tokio::test]
async fn messages_wait_for_a_locked_database_and_everything_else_goes_on() {
    let mut url = String::new();
    let site = Site::start_with(|options| url.clone_from(&options.database_url)).await;
    site.room("lobby").await;
    let (ada, bob) = (site.user("ada").await, site.user("bob").await);
    let mut ada = site.join("/ws/lobby/", &ada).await;
    let mut bob = site.join("/ws/lobby/", &bob).await;
    let mut lock = SqliteConnection::connect(&url).await.expect("opened");
    let mut lock = lock.begin_with("BEGIN EXCLUSIVE").await.expect("locked");
    for number in 0..5 {
        let text = number.to_string();
        ada.send(json!({ "message": text, "id": text })).await;
    }
    ada.send(json!({ "typing": true })).await;
    assert_eq!(bob.next("typing").await["typing"], "ada");
    ada.send(json!({ "before": 1 })).await;
    assert_eq!(ada.next("page").await["page"], json!([]), "nothing was said yet");
    sqlx::query("UPDATE room_room SET name = 'Hall'")
        .execute(&mut *lock)
        .await
        .expect("done");
    lock.commit().await.expect("unlocked");
    for number in 0..5 {
        bob.hears("ada", &number.to_string()).await;
        assert_eq!(ada.next("ack").await["ack"], number.to_string());
    }
}

#[tokio::test]
async fn a_shutdown_stores_what_waits() {
    let mut url = String::new();
    let site = Site::start_with(|options| url.clone_from(&options.database_url)).await;
    let room = site.room("lobby").await;
    let ada = site.user("ada").await;
    let mut ada = site.join("/ws/lobby/", &ada).await;
    let mut lock = SqliteConnection::connect(&url).await.expect("opened");
    let lock = lock.begin_with("BEGIN EXCLUSIVE").await.expect("locked");
    for number in 0..10 {
        ada.send(json!({ "message": number.to_string() })).await;
    }
    // Answered in turn: what was sent before has been taken.
    ada.send(json!({ "before": 1 })).await;
    ada.next("page").await;
    let stopping = site.stop();
    let unlocking = async {
        tokio::task::yield_now().await;
        lock.rollback().await.expect("unlocked");
    };
    tokio::join!(stopping, unlocking);
    let page = laureola_chat::store::messages::Page::Newest;
    let stored = site.store.messages(room.id, page, 50).await.expect("read");
    assert_eq!(stored.len(), 10);
    ada.send(json!({ "message": "late", "id": "late" })).await;
    let refused = ada.next("error").await;
    assert_eq!(refused["client"], "late");
}
