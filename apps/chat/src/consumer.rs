//! One browser in one room.

use laureola::asgi::WebSocketScope;
use laureola::consumers::json::InvalidMessage;
use laureola::{Context, GroupName, JsonConsumer, Result, Shared, UrlArguments as _};
use serde::Deserialize;
use serde_json::json;

use crate::event::{self, RoomEvent};
use crate::guest::GuestName;
use crate::room::RoomName;

/// The longest message, in characters.
pub const MAX_MESSAGE: usize = 4096;

/// One browser in one room, a member of the room's group while it is connected.
///
/// The browser sends `{"message": …}`, receives `{"message": …, "username": …}`, and
/// `{"error": …}` for what it sent alone and cannot be passed on; the socket stays open then.
#[derive(Debug)]
pub struct ChatConsumer {
    group: GroupName,
    username: GuestName,
}

/// What a browser sends. Clients may send more, such as the room or a username of their choice;
/// the URL says which room it is, and a name is not the message's to say.
#[derive(Debug, Deserialize)]
pub struct Incoming {
    message: String,
}

impl ChatConsumer {
    /// The consumer of `ws/chat/<room_name>/?username=…`.
    ///
    /// # Errors
    /// [`RoomNameError`](crate::RoomNameError) if there can be no such room.
    pub fn from_scope(scope: &WebSocketScope) -> Result<Self> {
        let room: RoomName = scope.url_argument("room_name").unwrap_or_default().parse()?;
        Ok(Self {
            group: room.group(),
            username: GuestName::from_query(scope.query_string()),
        })
    }
}

impl JsonConsumer for ChatConsumer {
    type Receive = Incoming;
    type Event = RoomEvent;

    async fn connect(&mut self, ctx: &mut Context) -> Result<()> {
        // The group first: who is told that it is connected misses nothing.
        ctx.group_add(&self.group).await?;
        ctx.accept().await
    }

    async fn receive_json(&mut self, ctx: &mut Context, Incoming { message }: Incoming) -> Result<()> {
        if message.trim().is_empty() {
            return Ok(());
        }
        // Characters are never more than bytes; few messages have to be counted.
        if message.len() > MAX_MESSAGE && message.chars().count() > MAX_MESSAGE {
            return refuse(ctx, &format!("a message has at most {MAX_MESSAGE} characters")).await;
        }
        let event = RoomEvent::Message {
            message,
            username: self.username.as_str().to_owned(),
        };
        ctx.group_send(&self.group, &event).await
    }

    async fn event(&mut self, ctx: &mut Context, event: Shared<RoomEvent>) -> Result<()> {
        match event::frame(&event) {
            Some(frame) => ctx.send_frame(frame?).await,
            None => Ok(()),
        }
    }

    async fn invalid(&mut self, ctx: &mut Context, _: InvalidMessage) -> Result<()> {
        refuse(ctx, "expected JSON such as {\"message\": \"hello\"}").await
    }
}

async fn refuse(ctx: &Context, reason: &str) -> Result<()> {
    ctx.send_json(&json!({ "error": reason })).await
}
