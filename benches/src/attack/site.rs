//! The application under attack.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use laureola_asgi::{AppError, Application, BoxApplication, Command, Connection, Event, Scope, app_fn};
use laureola_consumers::{Context, JsonConsumer, Result, Shared, as_application};
use laureola_layers::{GroupName, Layer, MemoryLayer};
use laureola_server::Server;
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use crate::chat::RoomEvent;

/// What the group is sent: so many bytes, so often, which makes 10 MB/s.
const MESSAGE: usize = 100_000;
const PAUSE: Duration = Duration::from_millis(10);

/// Serves on a free port, which it prints:
/// - `/` says hello, over HTTP and as an echo over WebSocket
/// - `/upload` waits for the client to leave, and reads nothing
/// - `/group` is a WebSocket in the group; the first one makes the group loud
///
/// # Errors
/// Why it cannot listen.
pub fn serve() -> std::result::Result<(), Box<dyn std::error::Error>> {
    // As the command's.
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime
        .event_interval(laureola_server::EVENT_INTERVAL)
        .enable_all();
    runtime.build()?.block_on(async {
        let layer = Layer::new(MemoryLayer::new());
        let group = GroupName::new("loud").expect("a valid name");
        let member = as_application(layer.clone(), {
            let group = group.clone();
            move |_scope| Ok(Member { group: group.clone() })
        })
        .boxed();
        tokio::spawn(shout(layer, group));
        let application = app_fn(move |connection| route(connection, member.clone()));
        let server = Server::builder(application).bind(("127.0.0.1", 0)).await?;
        println!("{}", server.local_addr().port());
        Ok(server.serve(std::future::pending()).await?)
    })
}

async fn shout(layer: Layer, group: GroupName) {
    let event = RoomEvent::Message {
        message: "x".repeat(MESSAGE),
        username: "the group".to_owned(),
    };
    let mut ticks = interval(PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        // An empty group costs nothing; members that are behind get nothing.
        let _ = layer.group_send(&group, &event).await;
    }
}

async fn route(connection: Connection, member: BoxApplication) -> std::result::Result<(), AppError> {
    let path = connection.scope.path().into_owned();
    match (&connection.scope, path.as_str()) {
        (Scope::WebSocket(_), "/group") => member.call(connection).await,
        (Scope::WebSocket(_), _) => echo(connection).await,
        (_, "/upload") => {
            // As an application that is busy with something else.
            tokio::time::sleep(Duration::from_secs(3600)).await;
            Ok(())
        }
        _ => {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("13"));
            let hello = Command::HttpResponseBody {
                body: Bytes::from_static(b"Hello, world!"),
                more_body: false,
            };
            connection
                .send
                .send(Command::start(StatusCode::OK, headers))
                .await?;
            connection.send.send(hello).await?;
            Ok(())
        }
    }
}

async fn echo(mut connection: Connection) -> std::result::Result<(), AppError> {
    loop {
        match connection.receive.next().await {
            Event::WebSocketConnect => connection.send.send(Command::accept()).await?,
            Event::WebSocketReceive(payload) => {
                connection.send.send(Command::WebSocketSend(payload)).await?;
            }
            _ => return Ok(()),
        }
    }
}

struct Member {
    group: GroupName,
}

impl JsonConsumer for Member {
    type Receive = serde_json::Value;
    type Event = RoomEvent;

    async fn connect(&mut self, ctx: &mut Context) -> Result<()> {
        ctx.group_add(&self.group).await?;
        ctx.accept().await
    }

    async fn receive_json(&mut self, _ctx: &mut Context, _content: Self::Receive) -> Result<()> {
        Ok(())
    }

    async fn event(&mut self, ctx: &mut Context, event: Shared<RoomEvent>) -> Result<()> {
        let frame = event.frame_once(
            |RoomEvent::Message { message, username }| json!({ "message": message, "username": username }),
        )?;
        ctx.send_frame(frame).await
    }
}
