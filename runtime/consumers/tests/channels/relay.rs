//! Direct delivery: what reaches a client past its consumer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use laureola_consumers::testing::WebsocketCommunicator;
use laureola_consumers::{Context, JsonConsumer, Relay, Result, Shared, as_application};
use laureola_layers::{GroupName, Layer, MemoryLayer};
use laureola_message::{Frame, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Serialize, Deserialize)]
#[serde(tag = "type")]
enum RoomEvent {
    #[serde(rename = "chat.message")]
    Message { message: String },
    #[serde(rename = "chat.private")]
    Private { message: String },
}

/// Relays messages, and handles private ones.
struct Member {
    handled: Arc<AtomicUsize>,
}

/// How often an event became a frame; a pure function has no other place to say so.
static FRAMED: AtomicUsize = AtomicUsize::new(0);

impl JsonConsumer for Member {
    type Receive = ();
    type Event = RoomEvent;

    fn groups(&self) -> Vec<GroupName> {
        vec![room()]
    }

    fn relay() -> Option<Relay<RoomEvent>> {
        Some(|event| match event {
            RoomEvent::Message { message } => {
                // Of one test only: others may run in the same process.
                FRAMED.fetch_add(usize::from(matches!(message.as_str(), "one" | "two")), SeqCst);
                Frame::text_json(&json!({ "message": message })).ok()
            }
            RoomEvent::Private { message } if message == "panic" => panic!("in a relay"),
            RoomEvent::Private { .. } => None,
        })
    }

    fn direct_delivery() -> bool {
        true
    }

    async fn connect(&mut self, ctx: &mut Context) -> Result<()> {
        for text in ["early", "and in order"] {
            let message = text.to_owned();
            ctx.group_send(&room(), &RoomEvent::Message { message }).await?;
        }
        ctx.accept().await
    }

    async fn receive_json(&mut self, _: &mut Context, (): ()) -> Result<()> {
        Ok(())
    }

    async fn event(&mut self, ctx: &mut Context, event: Shared<RoomEvent>) -> Result<()> {
        self.handled.fetch_add(1, SeqCst);
        let (RoomEvent::Private { message } | RoomEvent::Message { message }) = &*event;
        ctx.send_json(&json!({ "handled": message })).await
    }
}

fn room() -> GroupName {
    GroupName::new("room").expect("a name")
}

async fn joined(layer: &Layer, handled: &Arc<AtomicUsize>) -> WebsocketCommunicator {
    let handled = Arc::clone(handled);
    let application = as_application(layer.clone(), move |_| {
        let handled = Arc::clone(&handled);
        Ok(Member { handled })
    });
    let mut browser = WebsocketCommunicator::new(application, "/");
    browser.connect().await.expect("in time");
    for text in ["early", "and in order"] {
        assert_eq!(
            browser.receive_json().await.expect("in time"),
            json!({ "message": text })
        );
    }
    browser
}

#[tokio::test]
async fn relayed_events_are_framed_once_and_wake_nobody() {
    let layer = Layer::new(MemoryLayer::new());
    let handled = Arc::default();
    let mut first = joined(&layer, &handled).await;
    let mut second = joined(&layer, &handled).await;
    // What the second one said when it came.
    for text in ["early", "and in order"] {
        assert_eq!(first.receive_json().await.unwrap(), json!({ "message": text }));
    }
    for message in ["one", "two"] {
        let message = message.to_owned();
        layer
            .group_send(&room(), &RoomEvent::Message { message })
            .await
            .unwrap();
    }
    for browser in [&mut first, &mut second] {
        for text in ["one", "two"] {
            assert_eq!(browser.receive_json().await.unwrap(), json!({ "message": text }));
        }
    }
    assert_eq!(handled.load(SeqCst), 0, "no consumer ran");
    assert_eq!(FRAMED.load(SeqCst), 2, "one frame a message");
}

#[tokio::test]
async fn what_a_relay_leaves_is_its_consumers() {
    let layer = Layer::new(MemoryLayer::new());
    let handled = Arc::default();
    let mut browser = joined(&layer, &handled).await;
    let message = "for you".to_owned();
    layer
        .group_send(&room(), &RoomEvent::Private { message })
        .await
        .unwrap();
    assert_eq!(
        browser.receive_json().await.unwrap(),
        json!({ "handled": "for you" })
    );
    assert_eq!(handled.load(SeqCst), 1);
}

#[tokio::test]
async fn a_relay_that_panics_leaves_the_event_to_its_consumer_and_the_fan_out_alive() {
    let layer = Layer::new(MemoryLayer::new());
    let handled = Arc::default();
    let mut browser = joined(&layer, &handled).await;
    for _ in 0..2 {
        let message = "panic".to_owned();
        layer
            .group_send(&room(), &RoomEvent::Private { message })
            .await
            .unwrap();
        assert_eq!(
            browser.receive_json().await.unwrap(),
            json!({ "handled": "panic" })
        );
    }
    assert_eq!(handled.load(SeqCst), 2);
}

#[tokio::test]
async fn a_websocket_send_reaches_the_client_as_it_is() {
    let layer = Layer::new(MemoryLayer::new());
    let handled = Arc::default();
    let mut browser = joined(&layer, &handled).await;
    let text = json!({ "type": "websocket.send", "text": "as it is", "bytes": null });
    layer.group_send(&room(), &text).await.unwrap();
    assert_eq!(browser.receive_text().await.unwrap(), "as it is");

    let bytes = Value::Map(vec![
        (Value::from("type"), Value::from("websocket.send")),
        (Value::from("bytes"), Value::Bin(b"\0\xff"[..].into())),
    ]);
    layer.group_send(&room(), &bytes).await.unwrap();
    assert_eq!(&browser.receive_bytes().await.unwrap()[..], b"\0\xff");
    assert_eq!(handled.load(SeqCst), 0);
}

/// Says nothing of direct delivery.
struct Plain;

impl JsonConsumer for Plain {
    type Receive = ();
    type Event = RoomEvent;

    fn groups(&self) -> Vec<GroupName> {
        vec![room()]
    }

    async fn receive_json(&mut self, _: &mut Context, (): ()) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn without_a_word_from_the_consumer_nothing_is_delivered_past_it() {
    let layer = Layer::new(MemoryLayer::new());
    let application = as_application(layer.clone(), |_| Ok(Plain));
    let mut browser = WebsocketCommunicator::new(application, "/");
    browser.connect().await.unwrap();
    let text = json!({ "type": "websocket.send", "text": "not for you" });
    layer.group_send(&room(), &text).await.unwrap();
    // As in Channels: a type without a handler ends the consumer.
    assert!(browser.receive_text().await.is_err());
}
