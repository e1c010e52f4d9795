//! `tests/test_generic_websocket.py`, the synchronous half.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use http::StatusCode;
use laureola_asgi::{CloseCode, Payload};
use laureola_consumers::testing::{CommunicatorError, WebsocketCommunicator};
use laureola_consumers::{
    BlockingPool, ConsumerApplication, Result, Shared, SyncContext, SyncJsonConsumer, SyncWebsocketConsumer,
    sync_application, sync_websocket_application,
};
use laureola_layers::{GroupName, Layer};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::{group, layer};

#[derive(Serialize, Deserialize)]
#[serde(tag = "type")]
enum Event {
    #[serde(rename = "message")]
    Message { text: String },
}

struct Room {
    disconnected: Arc<AtomicUsize>,
}

impl SyncJsonConsumer for Room {
    type Receive = Value;
    type Event = Event;

    fn groups(&self) -> Vec<GroupName> {
        vec![group("room")]
    }

    fn receive_json(&mut self, ctx: &mut SyncContext<'_>, content: Value) -> Result<()> {
        match content.as_str() {
            Some("panic") => panic!("asked to"),
            Some("close") => ctx.close_with(4000, "as you wish"),
            Some(text) => ctx.group_send(
                &group("room"),
                &Event::Message {
                    text: text.to_owned(),
                },
            ),
            None => ctx.send_json(&json!({ "path": ctx.scope().path() })),
        }
    }

    fn event(&mut self, ctx: &mut SyncContext<'_>, event: Shared<Event>) -> Result<()> {
        let Event::Message { text } = &*event;
        ctx.send_json(&json!({ "text": text }))
    }

    fn disconnect(&mut self, _: &mut SyncContext<'_>, _: CloseCode) {
        self.disconnected.fetch_add(1, Ordering::Relaxed);
    }
}

/// Patient, for other tests run beside this one.
fn browser(application: ConsumerApplication, path: &str) -> WebsocketCommunicator {
    WebsocketCommunicator::new(application, path).timeout(Duration::from_secs(20))
}

fn room(layer: Layer, disconnected: &Arc<AtomicUsize>) -> ConsumerApplication {
    let disconnected = Arc::clone(disconnected);
    sync_application(layer, BlockingPool::default(), move |_| {
        Ok(Room {
            disconnected: Arc::clone(&disconnected),
        })
    })
}

#[tokio::test]
async fn test_json_websocket_consumer() {
    let (layer, disconnected) = (layer(), Arc::default());
    let application = room(layer, &disconnected);
    let mut browsers = Vec::new();
    for _ in 0..2 {
        let mut browser = browser(application.clone(), "/testws/");
        browser.connect().await.expect("accepted");
        browsers.push(browser);
    }
    browsers[0].send_json(&"hello").await.expect("sent");
    for browser in &mut browsers {
        assert_eq!(
            browser.receive_json().await.expect("a value"),
            json!({ "text": "hello" })
        );
    }
    browsers[1].send_json(&1).await.expect("sent");
    assert_eq!(
        browsers[1].receive_json().await.expect("a value"),
        json!({ "path": "/testws/" })
    );
    browsers[1].send_json(&"close").await.expect("sent");
    let close = browsers[1].receive_close().await.expect("a close");
    assert_eq!(close, (4000, "as you wish".to_owned()));
    browsers[0].send_text("no json").await.expect("sent");
    assert_eq!(browsers[0].receive_close().await.expect("a close").0, 1007);
    for browser in browsers {
        browser.disconnect(1000).await.expect("a clean end");
    }
    assert_eq!(disconnected.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_panic_ends_its_own_connection_and_disconnect_is_called() {
    let disconnected = Arc::default();
    let mut browser = browser(room(layer(), &disconnected), "/");
    browser.connect().await.expect("accepted");
    browser.send_json(&"panic").await.expect("sent");
    let error = browser.receive_json().await.expect_err("it panicked");
    assert_eq!(
        error.to_string(),
        "the application failed: the consumer panicked: asked to"
    );
    assert_eq!(disconnected.load(Ordering::Relaxed), 1);
}

/// Waits, blocking its thread, until the test lets it go on; `fast` does not wait.
struct Slow {
    gate: Arc<Mutex<mpsc::Receiver<()>>>,
    waits: Sender<()>,
}

impl SyncWebsocketConsumer for Slow {
    type Event = ();

    fn receive(&mut self, ctx: &mut SyncContext<'_>, message: Payload) -> Result<()> {
        if message.as_text() == Some("slow") {
            let _ = self.waits.try_send(());
            let _ = self.gate.lock().recv();
        }
        ctx.send_text(message.as_text().unwrap_or_default())
    }
}

/// Its gate, and who hears that it is waited at.
fn slow(pool: BlockingPool) -> (ConsumerApplication, mpsc::Sender<()>, Receiver<()>) {
    let (open, gate) = mpsc::channel();
    let (waits, waiting) = channel(1);
    let gate = Arc::new(Mutex::new(gate));
    let application = sync_websocket_application(layer(), pool, move |_| {
        Ok(Slow {
            gate: Arc::clone(&gate),
            waits: waits.clone(),
        })
    });
    (application, open, waiting)
}

async fn connect(application: &ConsumerApplication) -> WebsocketCommunicator {
    let mut browser = browser(application.clone(), "/");
    browser.connect().await.expect("accepted");
    browser
}

#[tokio::test]
async fn test_websocket_consumer_that_is_slow_does_not_block_others() {
    let (application, open, _) = slow(BlockingPool::default());
    let mut first = connect(&application).await;
    let mut second = connect(&application).await;
    first.send_text("slow").await.expect("sent");
    second.send_text("fast").await.expect("sent");
    assert_eq!(second.receive_text().await.expect("a text"), "fast");
    drop(open);
    assert_eq!(first.receive_text().await.expect("a text"), "slow");
}

#[tokio::test]
async fn a_full_pool_closes_with_1013_and_denies_with_503() {
    let (application, open, mut at_the_gate) = slow(BlockingPool::new(NonZeroUsize::MIN, 1));
    let mut slow = connect(&application).await;
    let mut waiting = connect(&application).await;
    let mut refused = connect(&application).await;
    slow.send_text("slow").await.expect("sent");
    // It has the one thread, and no longer the one place in the queue.
    at_the_gate.recv().await.expect("it waits");
    waiting.send_text("waits").await.expect("sent");
    // It takes the place, for tasks are run as they are woken.
    tokio::task::yield_now().await;
    refused.send_text("too much").await.expect("sent");
    let close = refused.receive_close().await.expect("a close");
    assert_eq!(close, (1013, "too busy: try again later".to_owned()));
    let mut late = browser(application.clone(), "/");
    match late.connect().await {
        Err(CommunicatorError::Denied(status)) => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE),
        other => panic!("{other:?}"),
    }
    drop(open);
    assert_eq!(slow.receive_text().await.expect("a text"), "slow");
    assert_eq!(waiting.receive_text().await.expect("a text"), "waits");
}
