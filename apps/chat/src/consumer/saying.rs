//! What becomes of a message.

use std::time::{SystemTime, UNIX_EPOCH};

use laureola::{Context, GroupName, Result};

use super::incoming::Say;
use super::outgoing::Ack;
use super::refuse;
use super::seat::{Place, Seat};
use crate::audience::Token;
use crate::event::{Message, RoomEvent};
use crate::history::{Entry, Kind};
use crate::store::NewMessage;

/// Takes a message, or says why not.
pub(super) async fn say(ctx: &Context, seat: &mut Seat, say: Say) -> Result<()> {
    let limits = seat.site.options.limits;
    let refused = if limits.is_too_long(&say.text) {
        Err(format!(
            "a message has at most {} characters",
            limits.message_length
        ))
    } else {
        allow(seat)
    };
    if let Err(refused) = refused {
        return refuse(ctx, &refused, say.client.as_deref()).await;
    }
    seat.said();
    if let Some(client) = &say.client {
        seat.await_own(client);
    }
    match seat.place {
        Place::Open => say_openly(ctx, seat, say).await,
        Place::Stored { room, user, .. } => {
            let token = Token {
                sender: ctx.sender(),
                room: seat.room.clone(),
                group: seat.group.clone(),
                username: seat.username.clone(),
                client: say.client.clone(),
            };
            let message = NewMessage {
                room,
                user,
                content: say.text,
                at: SystemTime::now(),
                again_after: say.again_after,
            };
            // Its sender hears of it once it is stored.
            match seat.site.writer.submit(message, token) {
                Ok(()) => Ok(()),
                Err(error) => refuse(ctx, &error.to_string(), say.client.as_deref()).await,
            }
        }
    }
}

/// Takes one message's worth of what the connection may do.
pub(super) fn allow(seat: &mut Seat) -> std::result::Result<(), String> {
    let wait = seat.allowance.take(&seat.site.options.limits);
    wait.map_err(|wait| {
        let seconds = wait.as_secs_f64().ceil();
        format!("too many messages; wait {seconds} s")
    })
}

/// In a room without accounts, whose messages live in its history alone.
async fn say_openly(ctx: &Context, seat: &Seat, say: Say) -> Result<()> {
    let room = seat.room.as_str();
    let client = say.client.as_deref();
    if let (Some(ack), Some(after)) = (client, say.again_after)
        && let Ok(entries) = seat.site.history.entries(Kind::Open, room).await
    {
        let is_it = |entry: &&Entry| {
            entry.id > after
                && entry.message == say.text
                && *entry.username == *seat.username
                && entry.guest == seat.guest
        };
        if let Some(entry) = entries.iter().find(is_it) {
            return ctx.send_json(&Ack { ack, id: entry.id }).await;
        }
    }
    let mut entry = Entry {
        id: 0,
        username: seat.username.to_string(),
        message: say.text,
        at: SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs_f64(),
        guest: seat.guest,
    };
    if let Err(error) = seat.site.history.add(room, &mut entry).await {
        tracing::warn!("{error}");
        return refuse(ctx, "the message could not be passed on; try again", client).await;
    }
    let id = entry.id;
    let event = RoomEvent::Message(Message::of(entry, say.client.clone()));
    // It is in the history, where those who did not hear it find it.
    if let Err(error) = ctx.group_send(&seat.group, &event).await {
        tracing::warn!(room, "a message did not reach its room: {error}");
    }
    match client {
        Some(ack) => ctx.send_json(&Ack { ack, id }).await,
        None => Ok(()),
    }
}

/// Tells the room what nobody misses if it is lost.
pub(super) async fn tell(ctx: &Context, group: &GroupName, event: &RoomEvent) {
    if let Err(error) = ctx.group_send(group, event).await {
        tracing::debug!(%group, "an event did not reach its room: {error}");
    }
}
