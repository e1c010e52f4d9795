//! Who is not let in, and what is not passed on.

use laureola::consumers::testing::{CommunicatorError, WebsocketCommunicator};
use laureola::{Layer, MemoryLayer, Plugins};
use laureola_chat::Chat;
use laureola_chat::limits::Limits;
use serde_json::json;

use crate::site::{self, Site};

#[tokio::test]
async fn nobody_comes_into_a_room_with_accounts_without_one() {
    let site = Site::start().await;
    site.room("lobby").await;
    for cookie in [
        "",
        "sessionid=",
        "sessionid=abcdefghijklmnopqrstuvwxyz012345",
        "other=1",
    ] {
        let mut window = site.ask("/ws/lobby/", &[("cookie", cookie)]);
        assert_eq!(window.denied().await, 403, "{cookie}");
    }
    let ada = site.user("ada").await;
    let mut window = site.ask("/ws/nowhere/", &[("cookie", &ada)]);
    assert_eq!(window.denied().await, 404);
}

#[tokio::test]
async fn a_strangers_page_opens_no_socket() {
    let site = Site::start_with(|options| {
        options.allowed_origins = vec!["https://*.friend.example".to_owned()];
    })
    .await;
    site.room("lobby").await;
    let ada = site.user("ada").await;
    for target in ["/ws/lobby/", "/ws/chat/open/"] {
        for origin in [
            "http://evil.example",
            "null",
            "",
            "http://testserver:81",
            "testserver",
            "https://friend.example.evil",
        ] {
            let mut window = site.ask(target, &[("cookie", &ada), ("origin", origin)]);
            assert_eq!(window.denied().await, 403, "{target} {origin}");
        }
        for origin in [
            "http://testserver",
            "https://testserver",
            "https://chat.friend.example",
        ] {
            let mut window = site.ask(target, &[("cookie", &ada), ("origin", origin)]);
            window.connect().await.expect(origin);
        }
    }
}

#[tokio::test]
async fn before_its_startup_and_after_its_shutdown_the_chat_says_503() {
    let dir = tempfile::tempdir().expect("a directory");
    let plugins = Plugins::new().with(Chat::new(site::options(&dir)));
    let layer = Layer::new(MemoryLayer::new());
    let application = plugins.application(&layer).expect("the chat registers");
    let denied = async || {
        let mut window = WebsocketCommunicator::new(application.clone(), "/ws/chat/lobby/");
        match window.connect().await {
            Err(CommunicatorError::Denied(status)) => status.as_u16(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(denied().await, 503);
    plugins.startup().await.expect("the chat starts");
    plugins.shutdown().await;
    assert_eq!(denied().await, 503);
}

#[tokio::test]
async fn a_message_that_is_too_long_is_refused_to_its_sender_alone() {
    let site = Site::start().await;
    let mut ada = site.guest("lobby/?username=Ada").await;
    let mut bob = site.guest("lobby/").await;
    ada.send(json!({ "message": "é".repeat(4097), "id": "1" })).await;
    let error = json!({ "error": "a message has at most 4096 characters", "client": "1" });
    assert_eq!(ada.next("error").await, error);
    let longest = "é".repeat(4096);
    ada.say(&longest).await;
    ada.hears("Ada", &longest).await;
    bob.hears("Ada", &longest).await;
}

#[tokio::test]
async fn who_says_too_much_has_to_wait() {
    let site = Site::start_with(|options| {
        options.limits = Limits {
            message_length: 10,
            messages_per_10_s: 3,
        };
    })
    .await;
    site.room("lobby").await;
    let ada = site.user("ada").await;
    for target in ["/ws/lobby/", "/ws/chat/open/"] {
        let mut window = site.join(target, &ada).await;
        for number in 0..4 {
            let id = number.to_string();
            window.send(json!({ "message": "hi", "id": id })).await;
        }
        let error = window.next("error").await;
        assert_eq!(error["client"], "3", "{error}");
        assert!(
            error["error"]
                .as_str()
                .expect("a text")
                .starts_with("too many messages; wait ")
        );
        window.send(json!({ "message": "x".repeat(11) })).await;
        assert_eq!(
            window.next("error").await["error"],
            "a message has at most 10 characters"
        );
    }
}
