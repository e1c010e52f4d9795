//! What a JSON consumer may rely on, each test after its counterpart in Channels.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, StatusCode};
use laureola_asgi::{AppError, Application, CloseCode};
use laureola_consumers::testing::{CommunicatorError, WebsocketCommunicator};
use laureola_consumers::{Context, JsonConsumer, Result, Shared, URLRouter, as_application, path};
use laureola_layers::{GroupName, Layer, MemoryLayer};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Clone, Default)]
struct Counters {
    framed: Arc<AtomicUsize>,
    disconnected: Arc<AtomicUsize>,
    /// The last disconnect's code.
    code: Arc<AtomicU16>,
}

struct Chat {
    room: GroupName,
    counters: Counters,
}

#[derive(Deserialize)]
struct Incoming {
    message: String,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type")]
enum RoomEvent {
    #[serde(rename = "chat.message")]
    Message { message: String },
}

/// Counts how often one test's message is serialised; the closure that does it must not capture.
static SERIALISED: AtomicUsize = AtomicUsize::new(0);

impl JsonConsumer for Chat {
    type Receive = Incoming;
    type Event = RoomEvent;

    async fn connect(&mut self, ctx: &mut Context) -> Result<()> {
        ctx.group_add(&self.room).await?;
        if self.room.as_str() == "chat_private_club" {
            return Err(AppError::msg("members only"));
        }
        let offered = ctx.scope().subprotocols().first().map(|name| name.to_string());
        if self.room.as_str() == "chat_invented" {
            return ctx.accept_with(Some("chat.v9"), http::HeaderMap::new()).await;
        }
        ctx.accept_with(offered.as_deref(), http::HeaderMap::new()).await
    }

    async fn receive_json(&mut self, ctx: &mut Context, content: Incoming) -> Result<()> {
        match content.message.as_str() {
            "leave" => ctx.group_discard(&self.room).await,
            "close" => ctx.close_with(4000, "as you wish").await,
            "fail" => Err(AppError::msg("asked to fail")),
            "private" => {
                let event = RoomEvent::Message {
                    message: "for you alone".to_owned(),
                };
                Ok(ctx.layer().send(ctx.channel_name(), &event).await?)
            }
            _ => {
                ctx.group_send(
                    &self.room,
                    &RoomEvent::Message {
                        message: content.message,
                    },
                )
                .await
            }
        }
    }

    async fn event(&mut self, ctx: &mut Context, event: Shared<RoomEvent>) -> Result<()> {
        self.counters.framed.fetch_add(1, Ordering::Relaxed);
        let frame = event.frame_once(|RoomEvent::Message { message }| {
            SERIALISED.fetch_add(usize::from(message == "to twenty"), Ordering::Relaxed);
            json!({ "message": message })
        })?;
        ctx.send_frame(frame).await
    }

    async fn disconnect(&mut self, _: &mut Context, code: CloseCode) {
        self.counters.code.store(code, Ordering::Relaxed);
        self.counters.disconnected.fetch_add(1, Ordering::Relaxed);
    }
}

fn chat(layer: &Layer, counters: &Counters) -> impl Application + Clone + use<> {
    let counters = counters.clone();
    let consumer = as_application(layer.clone(), move |scope| {
        use laureola_consumers::UrlArguments as _;
        let room = GroupName::new(format!("chat_{}", scope.url_argument("room").unwrap_or_default()))?;
        Ok(Chat {
            room,
            counters: counters.clone(),
        })
    });
    URLRouter::new([path("ws/chat/<room>/", consumer)]).expect("valid patterns")
}

fn layer() -> Layer {
    Layer::new(MemoryLayer::new())
}

async fn join(application: impl Application, room: &str) -> WebsocketCommunicator {
    let mut browser = WebsocketCommunicator::new(application, &format!("/ws/chat/{room}/"));
    browser.connect().await.expect("accepted");
    browser
}

#[tokio::test]
async fn a_group_message_reaches_the_room_and_no_other_and_is_serialised_once() {
    let (layer, counters) = (layer(), Counters::default());
    let chat = chat(&layer, &counters);
    let mut room = Vec::new();
    for _ in 0..20 {
        room.push(join(chat.clone(), "lobby").await);
    }
    let mut other = join(chat, "kitchen").await;
    room[0]
        .send_json(&json!({ "message": "to twenty", "username": "ignored" }))
        .await
        .expect("sent");
    for browser in &mut room {
        assert_eq!(
            browser.receive_json().await.expect("a message"),
            json!({ "message": "to twenty" })
        );
    }
    assert_eq!(counters.framed.load(Ordering::Relaxed), 20);
    assert_eq!(SERIALISED.load(Ordering::Relaxed), 1);
    assert!(other.receive_nothing(Duration::from_millis(20)).await);
}

#[tokio::test]
async fn a_message_to_ones_own_channel_reaches_nobody_else() {
    let (layer, counters) = (layer(), Counters::default());
    let chat = chat(&layer, &counters);
    let mut first = join(chat.clone(), "private").await;
    let mut second = join(chat, "private").await;
    first
        .send_json(&json!({ "message": "private" }))
        .await
        .expect("sent");
    assert_eq!(
        first.receive_json().await.expect("a message"),
        json!({ "message": "for you alone" })
    );
    assert!(second.receive_nothing(Duration::from_millis(20)).await);
}

#[tokio::test]
async fn a_consumer_that_left_its_group_hears_nothing() {
    let (layer, counters) = (layer(), Counters::default());
    let chat = chat(&layer, &counters);
    let mut first = join(chat.clone(), "left").await;
    let mut second = join(chat, "left").await;
    second
        .send_json(&json!({ "message": "leave" }))
        .await
        .expect("sent");
    // Its own message comes back to nobody but the first: the second has left by then.
    second
        .send_json(&json!({ "message": "bye" }))
        .await
        .expect("sent");
    assert_eq!(
        first.receive_json().await.expect("a message"),
        json!({ "message": "bye" })
    );
    assert!(second.receive_nothing(Duration::from_millis(20)).await);
}

#[tokio::test]
async fn close_sends_code_and_reason() {
    let mut browser = join(chat(&layer(), &Counters::default()), "closing").await;
    browser
        .send_json(&json!({ "message": "close" }))
        .await
        .expect("sent");
    let close = browser.receive_close().await.expect("a close");
    assert_eq!(close, (4000, "as you wish".to_owned()));
}

#[tokio::test]
async fn a_subprotocol_is_chosen_from_the_offers() {
    let request = Request::get("/ws/chat/lobby/").header("sec-websocket-protocol", "chat.v2, chat");
    let request = request.body(()).expect("valid");
    let application = chat(&layer(), &Counters::default());
    let mut browser = WebsocketCommunicator::with_request(application, request);
    let connected = browser.connect().await.expect("accepted");
    assert_eq!(connected.subprotocol.as_deref(), Some("chat.v2"));
}

#[tokio::test]
async fn a_subprotocol_that_was_not_offered_fails_as_on_a_server() {
    let application = chat(&layer(), &Counters::default());
    let mut browser = WebsocketCommunicator::new(application, "/ws/chat/invented/");
    let error = browser.connect().await.expect_err("it failed");
    assert_eq!(
        error.to_string(),
        "the application failed: the client did not offer the subprotocol \"chat.v9\""
    );
}

#[tokio::test]
async fn what_is_no_message_is_refused_with_the_reason() {
    let chat = chat(&layer(), &Counters::default());
    for text in ["no json", "[]", "{}", r#"{"message": 7}"#] {
        let mut browser = join(chat.clone(), "invalid").await;
        browser.send_text(text).await.expect("sent");
        let (code, reason) = browser.receive_close().await.expect("a close");
        assert_eq!(code, 1007, "{text}");
        assert!(reason.starts_with("not a valid message: "), "{reason}");
    }
    let mut browser = join(chat, "invalid").await;
    browser.send_bytes("binary").await.expect("sent");
    let close = browser.receive_close().await.expect("a close");
    assert_eq!(
        close,
        (
            1007,
            "this socket takes JSON texts, not binary messages".to_owned()
        )
    );
}

#[tokio::test]
async fn disconnect_is_called_once_even_after_an_error_and_the_group_is_left() {
    let (layer, counters) = (layer(), Counters::default());
    let chat = chat(&layer, &counters);
    let browser = join(chat.clone(), "errors").await;
    browser.disconnect(1001).await.expect("a clean end");
    assert_eq!(counters.disconnected.load(Ordering::Relaxed), 1);

    let mut failing = join(chat, "errors").await;
    failing
        .send_json(&json!({ "message": "fail" }))
        .await
        .expect("sent");
    let error = failing.receive_json().await.expect_err("it failed");
    assert_eq!(error.to_string(), "the application failed: asked to fail");
    assert_eq!(counters.disconnected.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_message_that_comes_too_late_for_the_client_does_not_change_the_close_code() {
    let (layer, counters) = (layer(), Counters::default());
    let mut browser = join(chat(&layer, &counters), "late").await;
    browser
        .send_json(&json!({ "message": "close" }))
        .await
        .expect("sent");
    browser.receive_close().await.expect("a close");
    let room = GroupName::new("chat_late").expect("valid");
    let event = RoomEvent::Message {
        message: "too late".to_owned(),
    };
    layer.group_send(&room, &event).await.expect("sent");
    while counters.framed.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    browser.disconnect(4000).await.expect("no failure");
    assert_eq!(counters.code.load(Ordering::Relaxed), 4000);
    assert_eq!(counters.disconnected.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn an_error_in_connect_is_one_disconnect_too() {
    let (layer, counters) = (layer(), Counters::default());
    let mut browser = WebsocketCommunicator::new(chat(&layer, &counters), "/ws/chat/private_club/");
    let error = browser.connect().await.expect_err("it failed");
    assert_eq!(error.to_string(), "the application failed: members only");
    assert_eq!(counters.disconnected.load(Ordering::Relaxed), 1);
    assert_eq!(counters.code.load(Ordering::Relaxed), 1011);
    assert_eq!(counters.framed.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_communicator_does_not_wait_for_ever_for_an_application_that_hangs() {
    let hangs = laureola_asgi::app_fn(|connection: laureola_asgi::Connection| async move {
        drop(connection);
        std::future::pending().await
    });
    let browser = WebsocketCommunicator::new(hangs, "/");
    let error = browser
        .timeout(Duration::from_millis(20))
        .connect()
        .await
        .expect_err("no answer");
    assert_eq!(
        error.to_string(),
        "the application sent nothing within 20ms: expected the application's end"
    );
}

#[tokio::test]
async fn an_event_of_an_unknown_type_is_an_error_that_names_it() {
    let layer = layer();
    let mut browser = join(chat(&layer, &Counters::default()), "unknown").await;
    let room = GroupName::new("chat_unknown").expect("valid");
    layer
        .group_send(&room, &json!({ "type": "chat.mystery" }))
        .await
        .expect("sent");
    let error = browser.receive_json().await.expect_err("it failed");
    assert!(
        error
            .to_string()
            .contains("no handler for message type chat.mystery"),
        "{error}"
    );
}

#[tokio::test]
async fn an_unknown_path_is_denied_with_404() {
    let chat = chat(&layer(), &Counters::default());
    for target in ["/ws/other/", "/ws/chat/lobby", "/ws/chat/no%20group/"] {
        let mut browser = WebsocketCommunicator::new(chat.clone(), target);
        let error = browser.connect().await.expect_err("denied");
        assert!(
            matches!(error, CommunicatorError::Denied(StatusCode::NOT_FOUND)),
            "{target}: {error}"
        );
    }
}

#[tokio::test]
async fn a_communicator_says_what_it_waited_for() {
    let browser = join(chat(&layer(), &Counters::default()), "quiet").await;
    let mut browser = browser.timeout(Duration::from_millis(20));
    let error = browser.receive_json().await.expect_err("nothing comes");
    assert_eq!(
        error.to_string(),
        "the application sent nothing within 20ms: expected a text message"
    );
}

#[tokio::test]
async fn a_member_of_a_closed_layer_is_told() {
    let layer = layer();
    let chat = chat(&layer, &Counters::default());
    layer.close().await;
    let mut browser = WebsocketCommunicator::new(chat, "/ws/chat/lobby/");
    let error = browser.connect().await.expect_err("no layer");
    assert_eq!(
        error.to_string(),
        "the application failed: the channel layer is closed"
    );
}
