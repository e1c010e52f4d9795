//! A room of real consumers, each with its task, on sinks that count instead of sockets.

use std::sync::Arc;

use http::Request;
use laureola_asgi::queue::{EventSender, event_queue};
use laureola_asgi::{AppError, Application, Connection, Event, Receiver, Scope, Sender, WebSocketScope};
use laureola_consumers::{Context, JsonConsumer, Result, Shared, as_application};
use laureola_layers::{GroupName, Layer};
use serde_json::json;
use tokio::task::JoinSet;

use crate::chat::RoomEvent;
use crate::room::{Room, RoomError};
use crate::tally::{CountingSink, Tally};

/// The chat's consumer, as small as it gets.
struct Member {
    room: GroupName,
}

impl JsonConsumer for Member {
    type Receive = serde_json::Value;
    type Event = RoomEvent;

    async fn connect(&mut self, ctx: &mut Context) -> Result<()> {
        ctx.group_add(&self.room).await?;
        ctx.accept().await
    }

    async fn receive_json(&mut self, _ctx: &mut Context, _content: Self::Receive) -> Result<()> {
        Err(AppError::msg("a bench's member says nothing"))
    }

    async fn event(&mut self, ctx: &mut Context, event: Shared<RoomEvent>) -> Result<()> {
        let frame = event.frame_once(
            |RoomEvent::Message { message, username }| json!({ "message": message, "username": username }),
        )?;
        ctx.send_frame(frame).await
    }
}

/// Consumers of one group, and who sends to it.
#[derive(Debug)]
pub struct ConsumerRoom {
    layer: Layer,
    group: GroupName,
    tally: Arc<Tally>,
    clients: Vec<EventSender>,
    tasks: JoinSet<Result<()>>,
}

impl ConsumerRoom {
    /// Starts `members` consumers and waits until all have joined.
    ///
    /// # Errors
    /// [`RoomError::Missing`] if some did not.
    pub async fn open(layer: &Layer, members: usize) -> Result<Self, RoomError> {
        let group = GroupName::new("chat_bench").expect("a valid name");
        let application = as_application(layer.clone(), {
            let room = group.clone();
            move |_scope| Ok(Member { room: room.clone() })
        })
        .boxed();
        let mut room = Self {
            layer: layer.clone(),
            group,
            tally: Tally::new(),
            clients: Vec::with_capacity(members),
            tasks: JoinSet::new(),
        };
        room.tally.expect(members);
        for _ in 0..members {
            let (client, receiver) = event_queue(8);
            client.send(Event::WebSocketConnect).await;
            room.clients.push(client);
            let connection = connection(receiver, CountingSink::new(&room.tally));
            let application = application.clone();
            room.tasks
                .spawn(async move { application.call(connection).await });
        }
        room.tally.arrived().await?;
        Ok(room)
    }

    /// What the sockets would have got so far.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.tally.bytes()
    }
}

fn connection(receiver: laureola_asgi::queue::EventReceiver, sink: CountingSink) -> Connection {
    let request = Request::get("/ws/chat/bench/").body(()).expect("a valid request");
    let scope = WebSocketScope::new(&mut request.into_parts().0);
    Connection {
        scope: Scope::WebSocket(Box::new(scope)),
        receive: Receiver::new(receiver),
        send: Sender::new(sink),
    }
}

impl Room for ConsumerRoom {
    async fn deliver(&mut self, event: &RoomEvent) -> Result<(), RoomError> {
        self.tally.expect(self.clients.len());
        self.layer.group_send(&self.group, event).await?;
        self.tally.arrived().await
    }

    async fn close(mut self) -> Result<(), RoomError> {
        self.clients.clear();
        while let Some(ended) = self.tasks.join_next().await {
            let ended = ended.unwrap_or_else(|panic| Err(panic.into()));
            ended.map_err(RoomError::Consumer)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use laureola_layers::MemoryLayer;

    #[tokio::test]
    async fn every_consumer_writes_the_frame_and_leaves() {
        let layer = Layer::new(MemoryLayer::new());
        let mut room = ConsumerRoom::open(&layer, 200).await.unwrap();
        for _ in 0..2 {
            room.deliver(&RoomEvent::sample()).await.unwrap();
        }
        // 128 bytes take a header of four.
        assert_eq!(room.bytes(), 2 * 200 * 132);
        room.close().await.unwrap();
    }
}
