//! What members of a group see of it, relayed and handled, behind a real server.

use std::time::Duration;

use laureola::consumers::Relay;
use laureola::message::Frame;
use laureola::testing::LiveServer;
use laureola::{Context, GroupName, JsonConsumer, Layer, MemoryLayer, Result, Shared, as_application};
use laureola_testkit::{Received, WebSocket};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};

const DEADLINE: Duration = Duration::from_secs(20);
const SENDERS: u64 = 4;
const EACH: u64 = 50;

#[derive(Serialize, Deserialize)]
#[serde(tag = "type")]
enum Event {
    #[serde(rename = "said")]
    Said { sender: u64, number: u64 },
    #[serde(rename = "long")]
    Long { bytes: usize },
}

impl Event {
    fn value(&self) -> Value {
        match self {
            Self::Said { sender, number } => json!([sender, number]),
            Self::Long { bytes } => json!("x".repeat(*bytes)),
        }
    }
}

fn room() -> GroupName {
    GroupName::new("room").expect("a name")
}

/// Is not asked.
struct Relayed;

impl JsonConsumer for Relayed {
    type Receive = Value;
    type Event = Event;

    fn groups(&self) -> Vec<GroupName> {
        vec![room()]
    }

    fn relay() -> Option<Relay<Event>> {
        Some(|event| Frame::text_json(&event.value()).ok())
    }

    async fn receive_json(&mut self, _: &mut Context, _: Value) -> Result<()> {
        Ok(())
    }
}

/// Handles every message, and waits within some.
struct Handled;

impl JsonConsumer for Handled {
    type Receive = Value;
    type Event = Event;

    fn groups(&self) -> Vec<GroupName> {
        vec![room()]
    }

    async fn receive_json(&mut self, _: &mut Context, _: Value) -> Result<()> {
        Ok(())
    }

    async fn event(&mut self, ctx: &mut Context, event: Shared<Event>) -> Result<()> {
        if let Event::Said { number, .. } = &*event
            && number % 7 == 0
        {
            tokio::task::yield_now().await;
        }
        ctx.send_frame(event.frame_once(Event::value)?).await
    }
}

async fn server(layer: &Layer) -> [LiveServer; 2] {
    let relayed = as_application(layer.clone(), |_| Ok(Relayed));
    let handled = as_application(layer.clone(), |_| Ok(Handled));
    [
        LiveServer::start(relayed).await.expect("it starts"),
        LiveServer::start(handled).await.expect("it starts"),
    ]
}

async fn browser(server: &LiveServer) -> WebSocket {
    let port = server.address().port();
    let connecting = spawn_blocking(move || WebSocket::connect(port, "/", &[]));
    connecting.await.expect("it connects")
}

/// Reads as many values as all senders send.
fn reading(mut browser: WebSocket) -> JoinHandle<Vec<(u64, u64)>> {
    spawn_blocking(move || {
        let mut got = Vec::new();
        while got.len() < (SENDERS * EACH) as usize {
            let value = browser.recv_json(DEADLINE);
            got.push(serde_json::from_value(value).expect("a pair"));
        }
        got
    })
}

async fn everybody_talks(layer: &Layer) {
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let layer = layer.clone();
        senders.spawn(async move {
            for number in 0..EACH {
                let said = Event::Said { sender, number };
                layer.group_send(&room(), &said).await.expect("sent");
            }
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended.expect("no panic");
    }
}

fn check_order(got: &[(u64, u64)]) {
    for sender in 0..SENDERS {
        let numbers = got
            .iter()
            .filter(|(of, _)| *of == sender)
            .map(|(_, number)| *number);
        assert!(numbers.eq(0..EACH), "of {sender} in {got:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_member_gets_every_message_once_and_in_one_order() {
    let layer = Layer::new(MemoryLayer::new().capacity(1_000));
    let servers = server(&layer).await;
    let mut members = Vec::new();
    for number in 0..40 {
        members.push(reading(browser(&servers[number % 2]).await));
    }
    everybody_talks(&layer).await;
    let mut first = None;
    for member in members {
        let got = member.await.expect("it reads");
        check_order(&got);
        assert_eq!(*first.get_or_insert_with(|| got.clone()), got, "the same for all");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_does_not_read_is_closed_and_holds_nobody_up() {
    let layer = Layer::new(MemoryLayer::new().capacity(1_000));
    let [relayed, handled] = server(&layer).await;
    let mut deaf = browser(&relayed).await;
    let readers = [reading(browser(&relayed).await), reading(browser(&handled).await)];
    everybody_talks(&layer).await;
    for reader in readers {
        check_order(&reader.await.expect("it reads"));
    }
    // Those who read have left: the rest is for the deaf one, more than the kernel and its queue hold.
    for _ in 0..400 {
        let long = Event::Long { bytes: 50_000 };
        layer.group_send(&room(), &long).await.expect("sent");
    }
    let close = spawn_blocking(move || {
        loop {
            match deaf.recv(DEADLINE) {
                Received::Text(_) => {}
                other => return other,
            }
        }
    });
    let close = close.await.expect("it reads");
    assert!(
        matches!(close, Received::Close { code: Some(1013), .. }),
        "{close:?}"
    );
}
