//! A consumer behind a real server, as `ChannelsLiveServerTestCase` has it.

use std::time::Duration;

use laureola::testing::{LiveServer, WebsocketCommunicator};
use laureola::{Context, GroupName, JsonConsumer, Layer, MemoryLayer, Result, Shared, as_application};
use laureola_testkit::WebSocket;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(10);

struct Room;

#[derive(Serialize, Deserialize)]
#[serde(tag = "type")]
enum Event {
    #[serde(rename = "said")]
    Said { text: Value },
}

impl JsonConsumer for Room {
    type Receive = Value;
    type Event = Event;

    fn groups(&self) -> Vec<GroupName> {
        vec![GroupName::new("room").expect("a name")]
    }

    async fn receive_json(&mut self, ctx: &mut Context, text: Value) -> Result<()> {
        ctx.group_send(&GroupName::new("room")?, &Event::Said { text })
            .await
    }

    async fn event(&mut self, ctx: &mut Context, event: Shared<Event>) -> Result<()> {
        let frame = event.frame_once(|Event::Said { text }| text.clone())?;
        ctx.send_frame(frame).await
    }
}

#[tokio::test]
async fn test_live_server_shares_its_layer_with_the_test() {
    let layer = Layer::new(MemoryLayer::new());
    let application = as_application(layer, |_| Ok(Room));
    let server = LiveServer::start(application.clone()).await.expect("it starts");
    let port = server.address().port();
    let connecting = tokio::task::spawn_blocking(move || WebSocket::connect(port, "/", &[]));
    let mut browser = connecting.await.expect("it connects");

    // In the same process, without a server.
    let mut local = WebsocketCommunicator::new(application, "/");
    local.connect().await.expect("accepted");
    local.send_json(&json!({ "n": 1 })).await.expect("sent");
    assert_eq!(local.receive_json().await.expect("a value"), json!({ "n": 1 }));
    let reading = tokio::task::spawn_blocking(move || browser.recv_json(SOON));
    assert_eq!(reading.await.expect("it reads"), json!({ "n": 1 }));
    server.stop().await.expect("a clean end");
    assert!(
        std::net::TcpStream::connect(("127.0.0.1", port)).is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn a_live_server_that_cannot_start_says_why() {
    let fails = laureola::asgi::app_fn(|mut connection: laureola::asgi::Connection| async move {
        connection.receive.next().await;
        let message = "no database".into();
        let failed = laureola::asgi::Command::LifespanStartupFailed { message };
        Ok::<_, laureola::AppError>(connection.send.send(failed).await?)
    });
    let error = LiveServer::start(fails).await.expect_err("it does not start");
    assert!(error.to_string().contains("no database"), "{error}");
}
