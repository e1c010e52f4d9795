//! An application of ours on a real server, in this process: the tutorial's chat, an echo, a page.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use laureola::asgi::{Command, Connection, Event, Scope, app_fn};
use laureola::server::Server;
use laureola::{
    AppError, Context, GroupName, JsonConsumer, Layer, MemoryLayer, ProtocolTypeRouter, Result, Shared,
    URLRouter, UrlArguments as _, as_application, path,
};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;

/// A server that ends with its owner.
pub(crate) struct Live {
    pub(crate) address: SocketAddr,
    _runtime: Runtime,
}

impl Live {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build();
        let runtime = runtime.expect("a runtime");
        let server = runtime
            .block_on(Server::builder(site()).bind(("127.0.0.1", 0)))
            .expect("a port");
        let address = server.local_addr();
        runtime.spawn(server.serve(std::future::pending()));
        Self {
            address,
            _runtime: runtime,
        }
    }
}

fn site() -> ProtocolTypeRouter {
    let layer = Layer::new(MemoryLayer::default());
    let chat = as_application(layer, |scope| {
        let room = GroupName::new(format!("chat_{}", scope.url_argument("room").unwrap_or("lobby")))?;
        Ok(Chat { room })
    });
    let sockets = URLRouter::new([path("ws/chat/<slug:room>/", chat), path("echo/", app_fn(echo))]);
    ProtocolTypeRouter::new()
        .websocket(sockets.expect("valid patterns"))
        .http(app_fn(hello))
}

struct Chat {
    room: GroupName,
}

#[derive(Serialize, Deserialize)]
struct Incoming {
    message: String,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type")]
enum RoomEvent {
    #[serde(rename = "chat.message")]
    Message { message: String },
}

impl JsonConsumer for Chat {
    type Receive = Incoming;
    type Event = RoomEvent;

    async fn connect(&mut self, ctx: &mut Context) -> Result<()> {
        ctx.group_add(&self.room).await?;
        ctx.accept().await
    }

    async fn receive_json(&mut self, ctx: &mut Context, content: Incoming) -> Result<()> {
        let event = RoomEvent::Message {
            message: content.message,
        };
        ctx.group_send(&self.room, &event).await
    }

    async fn event(&mut self, ctx: &mut Context, event: Shared<RoomEvent>) -> Result<()> {
        let frame = event.frame_once(|RoomEvent::Message { message }| Incoming {
            message: message.clone(),
        })?;
        ctx.send_frame(frame).await
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

async fn hello(connection: Connection) -> std::result::Result<(), AppError> {
    let Scope::Http(scope) = &connection.scope else {
        return Ok(());
    };
    let status = if scope.path() == "/" {
        StatusCode::OK
    } else {
        StatusCode::NOT_FOUND
    };
    // Without a length it is sent in chunks.
    connection
        .send
        .send(Command::start(status, HeaderMap::new()))
        .await?;
    let body = Command::HttpResponseBody {
        body: Bytes::from_static(b"Hello, world!"),
        more_body: false,
    };
    connection.send.send(body).await?;
    Ok(())
}
