//! Rooms of consumers behind a server.

use std::sync::Arc;

use laureola_asgi::AppError;
use laureola_consumers::{Context, JsonConsumer, Relay, Result, Shared, as_application};
use laureola_layers::{GroupName, Layer};
use laureola_message::Frame;
use laureola_server::Server;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use super::clients::{self, Clients};
use super::flow::{Flow, Shape};
use crate::chat::RoomEvent;
use crate::room::RoomError;

/// So many tasks send to a room at most, each one message at a time.
const SENDERS: usize = 4;

/// How members take the room's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Past the consumer.
    Relayed,
    /// Each in its own handler.
    Handled,
}

struct Relayed(GroupName);
struct Handled(GroupName);

fn frame(event: &RoomEvent) -> Option<Frame> {
    Frame::text_json(&event.outgoing()).ok()
}

fn silent<T>() -> Result<T> {
    Err(AppError::msg("a bench's member says nothing"))
}

impl JsonConsumer for Relayed {
    type Receive = serde_json::Value;
    type Event = RoomEvent;

    fn groups(&self) -> Vec<GroupName> {
        vec![self.0.clone()]
    }

    fn relay() -> Option<Relay<RoomEvent>> {
        Some(frame)
    }

    async fn receive_json(&mut self, _: &mut Context, _: Self::Receive) -> Result<()> {
        silent()
    }
}

impl JsonConsumer for Handled {
    type Receive = serde_json::Value;
    type Event = RoomEvent;

    fn groups(&self) -> Vec<GroupName> {
        vec![self.0.clone()]
    }

    async fn receive_json(&mut self, _: &mut Context, _: Self::Receive) -> Result<()> {
        silent()
    }

    async fn event(&mut self, ctx: &mut Context, event: Shared<RoomEvent>) -> Result<()> {
        let frame = event.make_frame_once(|event| Ok(Frame::text_json(&event.outgoing())?))?;
        ctx.send_frame(frame).await
    }
}

fn group(path: &str) -> Result<GroupName> {
    Ok(GroupName::new(path.trim_matches('/'))?)
}

/// A server in this process, its members, and who sends to them.
#[derive(Debug)]
pub struct Served {
    layer: Layer,
    flow: Arc<Flow>,
    clients: Option<Clients>,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
}

impl Served {
    /// Starts a server, and connects its members.
    ///
    /// # Errors
    /// What the layer says.
    ///
    /// # Panics
    /// If the server does not start.
    pub async fn open(layer: &Layer, kind: Kind, shape: Shape) -> Result<Self, RoomError> {
        let application = match kind {
            Kind::Relayed => as_application(layer.clone(), |scope| Ok(Relayed(group(scope.path())?))),
            Kind::Handled => as_application(layer.clone(), |scope| Ok(Handled(group(scope.path())?))),
        };
        let server = Server::builder(application).bind(("127.0.0.1", 0)).await;
        let server = server.expect("a free port");
        let port = server.local_addr().port();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            server.serve(stopped).await.expect("a clean end");
        });
        let count = shape.rooms * shape.members;
        let connecting = tokio::task::spawn_blocking(move || {
            clients::connect(port, count, |number| path(number % shape.rooms))
        });
        let sockets = connecting.await.expect("they connect");
        let frame = frame(&RoomEvent::sample()).expect("texts are JSON");
        let flow = Flow::new(shape, frame.bytes().len());
        let served = Self {
            layer: layer.clone(),
            clients: Some(Clients::read(sockets, &flow)),
            flow,
            stop: Some(stop),
            server: serving,
        };
        // The first message finds everybody a member, and the group's list made.
        served.deliver(1).await?;
        Ok(served)
    }

    /// Sends so many messages to each room, and waits until everybody has them.
    ///
    /// # Errors
    /// What the layer says, or [`RoomError::Deadline`].
    pub async fn deliver(&self, messages: u64) -> Result<(), RoomError> {
        self.flow.expect(messages);
        let shape = self.flow.shape();
        let senders = SENDERS.min(shape.window) as u64;
        let mut sending = JoinSet::new();
        for room in 0..shape.rooms {
            let group = group(&path(room)).expect("a name");
            for sender in 0..senders {
                let (layer, flow, group) = (self.layer.clone(), Arc::clone(&self.flow), group.clone());
                let count = messages / senders + u64::from(sender < messages % senders);
                sending.spawn(async move {
                    let event = RoomEvent::sample();
                    for _ in 0..count {
                        flow.ready(room).await;
                        layer.group_send(&group, &event).await?;
                    }
                    Ok::<_, RoomError>(())
                });
            }
        }
        while let Some(sent) = sending.join_next().await {
            sent.expect("senders do not panic")?;
        }
        self.flow.arrived().await
    }

    /// How far it has come.
    #[must_use]
    pub fn flow(&self) -> &Flow {
        &self.flow
    }

    /// Ends the server, and waits for that.
    pub async fn close(mut self) {
        self.clients = None;
        self.stop = None;
        let _ = (&mut self.server).await;
        self.layer.close().await;
    }
}

fn path(room: usize) -> String {
    format!("/bench_{room}/")
}
