//! The tutorial's `ChatConsumer`, three times: a room's messages handled by each member, relayed, or carried to the
//! clients as they are.

use laureola::asgi::WebSocketScope;
use laureola::consumers::{ConsumerApplication, Relay};
use laureola::message::Frame;
use laureola::{Context, GroupName, JsonConsumer, Layer, Result, Shared, UrlArguments as _, as_application};
use serde::{Deserialize, Serialize};

/// What a client sends, and what every client of the room gets.
#[derive(Debug, Serialize, Deserialize)]
struct Said {
    message: String,
}

/// What the group carries.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "type")]
enum RoomEvent {
    #[serde(rename = "chat.message")]
    Message { message: String },
}

/// What the group carries where clients get it as it is.
#[derive(Serialize)]
#[serde(tag = "type", rename = "websocket.send")]
struct SendText {
    text: String,
}

fn group(scope: &WebSocketScope) -> Result<GroupName> {
    let room = scope.url_argument("room_name").unwrap_or_default();
    Ok(GroupName::new(format!("chat_{room}"))?)
}

/// Every member's consumer has its turn.
struct Handler {
    group: GroupName,
}

impl JsonConsumer for Handler {
    type Receive = Said;
    type Event = RoomEvent;

    async fn connect(&mut self, ctx: &mut Context) -> Result<()> {
        ctx.group_add(&self.group).await?;
        ctx.accept().await
    }

    async fn receive_json(&mut self, ctx: &mut Context, Said { message }: Said) -> Result<()> {
        ctx.group_send(&self.group, &RoomEvent::Message { message }).await
    }

    async fn event(&mut self, ctx: &mut Context, event: Shared<RoomEvent>) -> Result<()> {
        let frame = event.frame_once(|RoomEvent::Message { message }| Said {
            message: message.clone(),
        })?;
        ctx.send_frame(frame).await
    }
}

/// The room's messages go to the clients by a pure function.
struct Relayed {
    group: GroupName,
}

impl JsonConsumer for Relayed {
    type Receive = Said;
    type Event = RoomEvent;

    fn relay() -> Option<Relay<RoomEvent>> {
        Some(|RoomEvent::Message { message }| {
            let message = message.clone();
            Frame::text_json(&Said { message }).ok()
        })
    }

    async fn connect(&mut self, ctx: &mut Context) -> Result<()> {
        ctx.group_add(&self.group).await?;
        ctx.accept().await
    }

    async fn receive_json(&mut self, ctx: &mut Context, Said { message }: Said) -> Result<()> {
        ctx.group_send(&self.group, &RoomEvent::Message { message }).await
    }
}

/// The group carries what clients get.
struct Direct {
    group: GroupName,
}

impl JsonConsumer for Direct {
    type Receive = Said;
    type Event = ();

    fn direct_delivery() -> bool {
        true
    }

    async fn connect(&mut self, ctx: &mut Context) -> Result<()> {
        ctx.group_add(&self.group).await?;
        ctx.accept().await
    }

    async fn receive_json(&mut self, ctx: &mut Context, said: Said) -> Result<()> {
        let text = serde_json::to_string(&said)?;
        ctx.group_send(&self.group, &SendText { text }).await
    }
}

pub(crate) fn handler(layer: &Layer) -> ConsumerApplication {
    as_application(layer.clone(), |scope| Ok(Handler { group: group(scope)? }))
}

pub(crate) fn relay(layer: &Layer) -> ConsumerApplication {
    as_application(layer.clone(), |scope| Ok(Relayed { group: group(scope)? }))
}

pub(crate) fn direct(layer: &Layer) -> ConsumerApplication {
    as_application(layer.clone(), |scope| Ok(Direct { group: group(scope)? }))
}
