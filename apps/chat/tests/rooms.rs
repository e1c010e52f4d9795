//! What a browser in a room may rely on, and what the software that shares the room.

use std::time::Duration;

use laureola::asgi::Application;
use laureola::consumers::testing::{CommunicatorError, WebsocketCommunicator};
use laureola::{GroupName, Layer, MemoryLayer, Plugins};
use laureola_chat::Chat;
use serde_json::{Value, json};

const QUIET: Duration = Duration::from_millis(20);

fn site() -> (Layer, impl Application + Clone) {
    let layer = Layer::new(MemoryLayer::new());
    let plugins = Plugins::new().with(Chat::default());
    let site = plugins.application(&layer).expect("the chat registers");
    (layer, site)
}

async fn join(site: &(impl Application + Clone), target: &str) -> WebsocketCommunicator {
    let mut browser = WebsocketCommunicator::new(site.clone(), &format!("/ws/chat/{target}"));
    browser.connect().await.expect("accepted");
    browser
}

async fn say(browser: &mut WebsocketCommunicator, content: Value) {
    browser.send_json(&content).await.expect("sent");
}

async fn hears(browser: &mut WebsocketCommunicator, username: &str, message: &str) {
    let expected = json!({ "message": message, "username": username });
    assert_eq!(browser.receive_json().await.expect("a message"), expected);
}

async fn send_to_room(layer: &Layer, room: &str, event: Value) {
    let group = GroupName::new(format!("chat_{room}")).expect("a valid name");
    layer.group_send(&group, &event).await.expect("sent");
}

#[tokio::test]
async fn everyone_in_a_room_hears_a_message_and_nobody_elsewhere() {
    let (_layer, site) = site();
    let mut ada = join(&site, "lobby/?username=Ada").await;
    let mut bob = join(&site, "lobby/?username=Bob").await;
    let mut elsewhere = join(&site, "kitchen/").await;
    say(&mut ada, json!({ "message": "héllo <b>" })).await;
    hears(&mut ada, "Ada", "héllo <b>").await;
    hears(&mut bob, "Ada", "héllo <b>").await;
    say(&mut bob, json!({ "message": "hi" })).await;
    hears(&mut ada, "Bob", "hi").await;
    assert!(elsewhere.receive_nothing(QUIET).await);
}

#[tokio::test]
async fn a_message_cannot_choose_its_room_or_its_name() {
    let (_layer, site) = site();
    let mut ada = join(&site, "lobby/?username=Ada").await;
    let mut elsewhere = join(&site, "kitchen/").await;
    let content = json!({ "message": "hi", "username": "Eve", "room": "kitchen", "type": "chat.other" });
    say(&mut ada, content).await;
    hears(&mut ada, "Ada", "hi").await;
    assert!(elsewhere.receive_nothing(QUIET).await);
}

#[tokio::test]
async fn a_guest_is_called_as_the_query_string_says() {
    let (_layer, site) = site();
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
        let mut browser = join(&site, &format!("names/{query}")).await;
        say(&mut browser, json!({ "message": "me" })).await;
        hears(&mut browser, name, "me").await;
        browser.disconnect(1000).await.expect("a clean end");
    }
}

#[tokio::test]
async fn the_group_and_the_event_are_those_of_the_django_site() {
    let (layer, site) = site();
    let group = GroupName::new("chat_v1.2_x-y").expect("a valid name");
    let (mut channel, mut mailbox) = layer.new_channel("specific").await.expect("a channel");
    channel.group_add(&group).await.expect("added");
    let mut ada = join(&site, "v1.2_x-y/?username=Ada").await;
    say(&mut ada, json!({ "message": "from Rust" })).await;
    let delivery = tokio::time::timeout(Duration::from_secs(1), mailbox.recv())
        .await
        .expect("in time");
    let event: Value = delivery.message().decode().expect("a dictionary");
    assert_eq!(
        event,
        json!({ "type": "chat.message", "message": "from Rust", "username": "Ada" })
    );
    hears(&mut ada, "Ada", "from Rust").await;

    let event = json!({ "type": "chat.message", "message": "from Python", "username": "Guido" });
    send_to_room(&layer, "v1.2_x-y", event).await;
    hears(&mut ada, "Guido", "from Python").await;
}

#[tokio::test]
async fn an_event_that_names_nobody_is_a_guests() {
    let (layer, site) = site();
    let mut browser = join(&site, "lobby/").await;
    let event = json!({ "type": "chat.message", "message": "anonymous" });
    send_to_room(&layer, "lobby", event).await;
    hears(&mut browser, "guest", "anonymous").await;
}

#[tokio::test]
async fn events_the_chat_does_not_know_or_understand_leave_its_sockets_open() {
    let (layer, site) = site();
    let mut browser = join(&site, "lobby/").await;
    for event in [
        json!({ "type": "chat.typing", "username": "Guido" }),
        json!({ "type": "chat.message" }),
        json!({ "type": "chat.message", "message": 7, "username": null }),
        json!({ "message": "without a type" }),
    ] {
        send_to_room(&layer, "lobby", event).await;
    }
    say(&mut browser, json!({ "message": "still here" })).await;
    hears(&mut browser, "guest", "still here").await;
}

#[tokio::test]
async fn blank_messages_are_not_passed_on() {
    let (_layer, site) = site();
    let mut browser = join(&site, "lobby/").await;
    for blank in ["", " ", "\n\t\u{a0}"] {
        say(&mut browser, json!({ "message": blank })).await;
    }
    say(&mut browser, json!({ "message": " said " })).await;
    hears(&mut browser, "guest", " said ").await;
}

#[tokio::test]
async fn a_message_that_is_too_long_is_refused_to_its_sender_alone() {
    let (_layer, site) = site();
    let mut ada = join(&site, "lobby/?username=Ada").await;
    let mut bob = join(&site, "lobby/").await;
    say(&mut ada, json!({ "message": "é".repeat(4097) })).await;
    assert_eq!(
        ada.receive_json().await.expect("an answer"),
        json!({ "error": "a message has at most 4096 characters" })
    );
    let longest = "é".repeat(4096);
    say(&mut ada, json!({ "message": longest })).await;
    hears(&mut ada, "Ada", &longest).await;
    hears(&mut bob, "Ada", &longest).await;
}

#[tokio::test]
async fn what_is_no_message_is_answered_and_the_socket_stays_open() {
    let (_layer, site) = site();
    let mut browser = join(&site, "lobby/").await;
    let error = json!({ "error": "expected JSON such as {\"message\": \"hello\"}" });
    for text in ["", "no json", "[]", "{}", "null", r#"{"message": 7}"#] {
        browser.send_text(text).await.expect("sent");
        assert_eq!(browser.receive_json().await.expect("an answer"), error, "{text}");
    }
    browser.send_bytes("{}").await.expect("sent");
    assert_eq!(browser.receive_json().await.expect("an answer"), error);
    say(&mut browser, json!({ "message": "hello" })).await;
    hears(&mut browser, "guest", "hello").await;
}

#[tokio::test]
async fn a_room_that_cannot_be_is_denied() {
    let (_layer, site) = site();
    let too_long = "x".repeat(95);
    for room in ["a%20b", "caf%C3%A9", "a!b", "..", &too_long] {
        let mut browser = WebsocketCommunicator::new(site.clone(), &format!("/ws/chat/{room}/"));
        let error = browser.connect().await.expect_err("denied");
        let CommunicatorError::Denied(status) = error else {
            panic!("{room}: {error}");
        };
        assert_eq!(status, 404, "{room}");
    }
}
