//! Open rooms: what a browser in one may rely on, and what the software that shares the room.

use laureola::GroupName;
use serde_json::{Value, json};

use crate::site::{SOON, Site};

#[tokio::test]
async fn everyone_in_a_room_hears_a_message_and_nobody_elsewhere() {
    let site = Site::start().await;
    let mut ada = site.guest("lobby/?username=Ada").await;
    let mut bob = site.guest("lobby/?username=Bob").await;
    let mut elsewhere = site.guest("kitchen/").await;
    elsewhere.arrived().await;
    ada.say("héllo <b>").await;
    ada.hears("Ada", "héllo <b>").await;
    let heard = bob.hears("Ada", "héllo <b>").await;
    assert_eq!(heard["guest"], true, "a name that proves nothing is marked");
    bob.say("hi").await;
    ada.hears("Bob", "hi").await;
    assert!(elsewhere.is_quiet().await);
}

#[tokio::test]
async fn a_message_cannot_choose_its_room_or_its_name() {
    let site = Site::start().await;
    let mut ada = site.guest("lobby/?username=Ada").await;
    let mut elsewhere = site.guest("kitchen/").await;
    elsewhere.arrived().await;
    let content = json!({ "message": "hi", "username": "Eve", "room": "kitchen", "type": "chat.other" });
    ada.send(content).await;
    ada.hears("Ada", "hi").await;
    assert!(elsewhere.is_quiet().await);
}

#[tokio::test]
async fn a_guest_is_called_as_the_query_string_says() {
    let site = Site::start().await;
    for (query, name) in [
        ("", "guest"),
        ("?username=", "guest"),
        ("?username=%20%09", "guest"),
        ("?username=Ada+Lovelace", "Ada Lovelace"),
        ("?x=1&username=%C3%89ve%00", "Éve"),
        (
            "?username=0123456789012345678901234567890123456789",
            "01234567890123456789012345678901",
        ),
    ] {
        let mut browser = site.guest(&format!("names/{query}")).await;
        browser.say("me").await;
        browser.hears(name, "me").await;
        browser.leave().await;
    }
}

#[tokio::test]
async fn a_user_in_an_open_room_has_their_own_name() {
    let site = Site::start().await;
    let ada = site.user("ada").await;
    let mut browser = site.join("/ws/chat/lobby/?username=eve", &ada).await;
    let mut guest = site.guest("lobby/?username=ada").await;
    browser.say("me").await;
    let heard = guest.hears("ada", "me").await;
    assert_eq!(heard.get("guest"), None);
    guest.say("not me").await;
    assert_eq!(browser.next("message").await["message"], "me");
    assert_eq!(browser.hears("ada", "not me").await["guest"], true);
}

#[tokio::test]
async fn a_django_member_of_the_group_gets_nothing_but_messages() {
    let site = Site::start().await;
    let group = GroupName::new("chat_v1.2_x-y").expect("a valid name");
    let (mut channel, mut mailbox) = site.layer.new_channel("specific").await.expect("a channel");
    channel.group_add(&group).await.expect("added");
    let mut ada = site.guest("v1.2_x-y/?username=Ada").await;
    site.guest("v1.2_x-y/?username=Bob").await.leave().await;
    ada.send(json!({ "typing": true })).await;
    ada.say("from Rust").await;
    let delivery = tokio::time::timeout(SOON, mailbox.recv()).await.expect("in time");
    let event: Value = delivery.message().decode().expect("a dictionary");
    assert_eq!(event["type"], "chat.message");
    assert_eq!(
        (&event["message"], &event["username"]),
        (&json!("from Rust"), &json!("Ada"))
    );
    assert!(event["id"].is_i64() && event["at"].is_f64(), "{event}");
    ada.hears("Ada", "from Rust").await;

    for kind in ["chat.message", "chat_message"] {
        let event = json!({ "type": kind, "message": "from Python", "username": "Guido" });
        site.send_to_group("chat_v1.2_x-y", event).await;
        let heard = ada.hears("Guido", "from Python").await;
        assert_eq!(heard.as_object().expect("an object").len(), 2, "{heard}");
    }
}

#[tokio::test]
async fn an_event_that_names_nobody_is_a_guests() {
    let site = Site::start().await;
    let mut browser = site.guest("lobby/").await;
    let event = json!({ "type": "chat.message", "message": "anonymous" });
    site.send_to_group("chat_lobby", event).await;
    browser.hears("guest", "anonymous").await;
}

#[tokio::test]
async fn events_the_chat_does_not_know_or_understand_leave_its_sockets_open() {
    let site = Site::start().await;
    let mut browser = site.guest("lobby/").await;
    for event in [
        json!({ "type": "chat.typing", "username": "Guido" }),
        json!({ "type": "chat.message" }),
        json!({ "type": "chat.message", "message": 7, "username": null }),
        json!({ "message": "without a type" }),
    ] {
        site.send_to_group("chat_lobby", event).await;
    }
    browser.say("still here").await;
    browser.hears("guest", "still here").await;
}

#[tokio::test]
async fn blank_messages_are_not_passed_on() {
    let site = Site::start().await;
    let mut browser = site.guest("lobby/").await;
    for blank in ["", " ", "\n\t\u{a0}"] {
        browser.say(blank).await;
    }
    browser.say(" said ").await;
    browser.hears("guest", " said ").await;
}

#[tokio::test]
async fn what_is_no_message_is_answered_and_the_socket_stays_open() {
    let site = Site::start().await;
    let mut browser = site.guest("lobby/").await;
    let error = json!({ "error": "expected JSON such as {\"message\": \"hello\"}" });
    for text in ["", "no json", "[]", "{}", "null", r#"{"message": 7}"#] {
        browser.send_text(text).await;
        assert_eq!(browser.next("error").await, error, "{text}");
    }
    browser.send_bytes("{}").await;
    assert_eq!(browser.next("error").await, error);
    browser.say("hello").await;
    browser.hears("guest", "hello").await;
}

#[tokio::test]
async fn a_room_that_cannot_be_is_denied() {
    let site = Site::start().await;
    let too_long = "x".repeat(95);
    for room in ["a%20b", "caf%C3%A9", "a!b", "..", &too_long] {
        let mut browser = site.ask(&format!("/ws/chat/{room}/"), &[]);
        assert_eq!(browser.denied().await, 404, "{room}");
    }
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_said_once() {
    let site = Site::start().await;
    let mut ada = site.guest("lobby/?username=Ada").await;
    ada.send(json!({ "message": "hi", "id": "1" })).await;
    let id = ada.next("ack").await["id"].clone();
    ada.send(json!({ "message": "hi", "id": "1", "again": true, "after": 0 }))
        .await;
    assert_eq!(ada.next("ack").await, json!({ "ack": "1", "id": id }));
    ada.send(json!({ "message": "hi", "id": "2", "again": true, "after": id }))
        .await;
    assert!(
        ada.next("ack").await["id"].as_i64() > id.as_i64(),
        "another one of the same text"
    );
    let mut late = site.guest("lobby/").await;
    let (history, _) = late.arrived().await;
    assert_eq!(crate::site::texts(&history["history"]), ["hi", "hi"]);
}
