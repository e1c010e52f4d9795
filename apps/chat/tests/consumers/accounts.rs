//! Rooms for people with accounts.

use serde_json::json;

use crate::site::Site;
use laureola_chat::store::messages::Page;

#[tokio::test]
async fn a_message_is_stored_heard_and_acknowledged() {
    let site = Site::start().await;
    let room = site.room("Tea Room").await;
    let (ada, bob) = (site.user("ada").await, site.user("bob").await);
    let mut ada = site.join("/ws/tea-room/", &ada).await;
    let mut bob = site.join("/ws/tea-room/", &bob).await;
    ada.send(json!({ "message": "hello", "id": "a1" })).await;
    let heard = bob.hears("ada", "hello").await;
    assert_eq!(
        heard.get("client"),
        None,
        "what a window calls its message is its own"
    );
    let own = ada.hears("ada", "hello").await;
    assert_eq!(own["client"], "a1");
    assert_eq!(own["id"], heard["id"]);
    ada.send(json!({ "message": "more", "id": "a2" })).await;
    let ack = ada.next("ack").await;
    assert_eq!(ack["ack"], "a2");
    let stored = site
        .store
        .messages(room.id, Page::Newest, 10)
        .await
        .expect("read");
    assert_eq!(stored.len(), 2);
    assert_eq!((&*stored[0].username, &*stored[0].content), ("ada", "hello"));
    assert_eq!(json!(stored[1].id), ack["id"]);
}

#[tokio::test]
async fn a_name_in_a_message_counts_for_nothing() {
    let site = Site::start().await;
    let room = site.room("lobby").await;
    let cookie = site.user("eve").await;
    site.user("ada").await;
    let mut eve = site.join("/ws/lobby/?username=ada", &cookie).await;
    eve.send(json!({ "message": "I am ada", "username": "ada", "room": "other", "user": 2, "id": "1" }))
        .await;
    eve.hears("eve", "I am ada").await;
    let stored = site
        .store
        .messages(room.id, Page::Newest, 10)
        .await
        .expect("read");
    assert_eq!(stored[0].username, "eve");
}

#[tokio::test]
async fn what_is_sent_again_is_stored_once() {
    let site = Site::start().await;
    let room = site.room("lobby").await;
    let cookie = site.user("ada").await;
    let mut ada = site.join("/ws/lobby/", &cookie).await;
    ada.send(json!({ "message": "ok", "id": "1" })).await;
    let id = ada.next("ack").await["id"].clone();
    let mut again = site.join("/ws/lobby/", &cookie).await;
    again
        .send(json!({ "message": "ok", "id": "1", "again": true, "after": 0 }))
        .await;
    assert_eq!(again.next("ack").await, json!({ "ack": "1", "id": id }));
    again
        .send(json!({ "message": "ok", "id": "2", "again": true, "after": id }))
        .await;
    assert_ne!(again.next("ack").await["id"], id);
    let stored = site
        .store
        .messages(room.id, Page::Newest, 10)
        .await
        .expect("read");
    assert_eq!(stored.len(), 2);
}

#[tokio::test]
async fn a_room_that_is_gone_refuses_what_is_said() {
    let site = Site::start().await;
    let room = site.room("lobby").await;
    let ada = site.user("ada").await;
    let mut ada = site.join("/ws/lobby/", &ada).await;
    site.store.delete_room(room.id).await.expect("deleted");
    ada.send(json!({ "message": "anybody?", "id": "1" })).await;
    let error = ada.next("error").await;
    assert_eq!(
        error,
        json!({ "error": "this room, or your account, is gone", "client": "1" })
    );
}

#[tokio::test]
async fn changes_of_a_room_reach_it() {
    let site = Site::start().await;
    site.room("lobby").await;
    let ada = site.user("ada").await;
    let mut ada = site.join("/ws/lobby/", &ada).await;
    site.send_to_group("chat.lobby", json!({ "type": "room.deleted", "id": 7 }))
        .await;
    assert_eq!(ada.next("deleted").await, json!({ "deleted": 7 }));
    site.send_to_group("chat.lobby", json!({ "type": "room.renamed", "name": "Hall" }))
        .await;
    assert_eq!(ada.next("renamed").await, json!({ "renamed": "Hall" }));
    let closed = json!({ "type": "room.closed", "guests": true, "reason": "not for us" });
    site.send_to_group("chat.lobby", closed).await;
    let closed = json!({ "type": "room.closed", "guests": false, "reason": "deleted" });
    site.send_to_group("chat.lobby", closed).await;
    assert_eq!(ada.next("closed").await, json!({ "closed": "deleted" }));
    assert_eq!(ada.closed().await, 4404);
}

#[tokio::test]
async fn guests_leave_an_open_room_whose_name_gets_a_room_with_accounts() {
    let site = Site::start().await;
    let mut guest = site.guest("lobby/").await;
    site.room("lobby").await;
    let mut late = site.ask("/ws/chat/lobby/", &[]);
    assert_eq!(late.denied().await, 403);
    let ada = site.user("ada").await;
    let mut ada = site.join("/ws/lobby/", &ada).await;
    assert_eq!(guest.closed().await, 4003);
    ada.say("alone at last").await;
    ada.hears("ada", "alone at last").await;
}
