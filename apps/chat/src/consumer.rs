//! One browser in one room.
//!
//! # Layout
//! - this file: [`ChatConsumer`]
//! - `admission`: who may come in; `seat`: what is known of who did
//! - `incoming`, `outgoing`: what the browser sends, and receives
//! - `past`: what was said before
//! - `saying`: what becomes of a message

mod admission;
mod incoming;
pub(crate) mod outgoing;
mod past;
mod saying;
mod seat;

use laureola::asgi::WebSocketScope;
use laureola::consumers::json::InvalidMessage;
use laureola::layers::Notice;
use laureola::{Context, JsonConsumer, Result, Shared, UrlArguments as _};

use self::incoming::{EXPECTED, Incoming, Request};
use self::outgoing::{History, Page, Refusal, Users};
use self::past::Past;
use self::seat::Seat;
use crate::announce;
use crate::event::{self, RoomEvent};
use crate::history::Kind;
use crate::plugin::Handle;
use crate::query;
use crate::room::RoomName;

/// The close code of a guest whose room's name is that of a room with accounts now.
const MEMBERS_ONLY: u16 = 4003;
/// The close code of a room that was deleted.
const ROOM_GONE: u16 = 4404;

/// One browser in one room, a member of the room's groups while it is connected.
#[derive(Debug)]
pub(crate) struct ChatConsumer {
    handle: Handle,
    kind: Kind,
    room: Option<RoomName>,
    /// Once it is let in.
    seat: Option<Box<Seat>>,
}

impl ChatConsumer {
    /// The consumer of `ws/chat/<room_name>/?username=…`, or of `ws/<slug>/`.
    ///
    /// # Errors
    /// [`RoomNameError`](crate::RoomNameError) if there can be no such room.
    pub(crate) fn new(handle: &Handle, kind: Kind, scope: &WebSocketScope) -> Result<Self> {
        let argument = match kind {
            Kind::Open => "room_name",
            Kind::Stored => "slug",
        };
        let room = scope.url_argument(argument).unwrap_or_default().parse()?;
        Ok(Self {
            handle: handle.clone(),
            kind,
            room: Some(room),
            seat: None,
        })
    }
}

impl JsonConsumer for ChatConsumer {
    type Receive = Incoming;
    type Event = RoomEvent;

    async fn connect(&mut self, ctx: &mut Context) -> Result<()> {
        let Some(room) = self.room.take() else {
            return ctx.close(1011).await;
        };
        let seat = match admission::admit(&self.handle, self.kind, room, ctx.scope()).await {
            Ok(seat) => self.seat.insert(Box::new(seat)),
            Err(refusal) => {
                let status = refusal.status().try_into()?;
                return ctx.deny(status, format!("{refusal}\n")).await;
            }
        };
        // The groups first: who is told that it is connected misses nothing.
        ctx.group_add(&seat.group).await?;
        ctx.group_add(&seat.aside).await?;
        ctx.accept().await?;
        let after = query::value(ctx.scope().query_string(), "after").and_then(|id| id.parse().ok());
        let past = match after {
            Some(id) => past::after(seat, id).await,
            None => past::newest(seat).await,
        };
        send_past(ctx, seat, &past).await?;
        enter(ctx, seat).await
    }

    async fn receive_json(&mut self, ctx: &mut Context, content: Incoming) -> Result<()> {
        let Some(seat) = &mut self.seat else {
            return Ok(());
        };
        seat.touch(ctx);
        match content.into_request() {
            Ok(Request::Say(say)) => saying::say(ctx, seat, say).await,
            Ok(Request::Typing) => {
                if seat.types() && seat.site.presence.is_small(&seat.presence_key()) {
                    let username = seat.shown();
                    saying::tell(ctx, &seat.aside, &RoomEvent::Typing { username }).await;
                }
                Ok(())
            }
            Ok(Request::Before(id)) => {
                if let Err(refused) = saying::allow(seat) {
                    return refuse(ctx, &refused, None).await;
                }
                let (page, more) = past::before(seat, id).await;
                ctx.send_json(&Page { page: &page, more }).await
            }
            Ok(Request::Nothing) => Ok(()),
            Err(unreadable) => refuse(ctx, unreadable.0, unreadable.1.as_deref()).await,
        }
    }

    async fn event(&mut self, ctx: &mut Context, event: Shared<RoomEvent>) -> Result<()> {
        let Some(seat) = &mut self.seat else {
            return Ok(());
        };
        seat.touch(ctx);
        match &*event {
            RoomEvent::Message(message) => {
                seat.last_id = seat.last_id.max(message.id.unwrap_or(0));
                if seat.is_own(message) {
                    return ctx.send_json(&message.heard_by_sender()).await;
                }
            }
            RoomEvent::Closed { guests, reason } => {
                if *guests != (seat.kind() == Kind::Open) {
                    return Ok(());
                }
                let code = if *guests { MEMBERS_ONLY } else { ROOM_GONE };
                if let Some(frame) = event::frame(&event) {
                    ctx.send_frame(frame?).await?;
                }
                return ctx.close_with(code, reason.as_str()).await;
            }
            // Nobody has to be told of themselves.
            RoomEvent::Joined { username }
            | RoomEvent::Left { username }
            | RoomEvent::Typing { username }
                if *username == seat.shown() =>
            {
                return Ok(());
            }
            _ => {}
        }
        match event::frame(&event) {
            Some(frame) => ctx.send_frame(frame?).await,
            None => Ok(()),
        }
    }

    async fn notice(&mut self, ctx: &mut Context, notice: Notice) -> Result<()> {
        match notice {
            Notice::Overflowed => ctx.close_with(1013, "too slow: messages were lost").await,
            // Others went on while this server was cut off from them.
            Notice::Reconnected => match &mut self.seat {
                Some(seat) => {
                    let past = past::after(seat, seat.last_id).await;
                    send_past(ctx, seat, &past).await
                }
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    async fn invalid(&mut self, ctx: &mut Context, _: InvalidMessage) -> Result<()> {
        refuse(ctx, EXPECTED, None).await
    }

    async fn disconnect(&mut self, ctx: &mut Context, _: u16) {
        let Some(seat) = self.seat.take().filter(|seat| seat.entered) else {
            return;
        };
        let (room, username) = (seat.presence_key(), seat.shown());
        let small = seat.site.presence.is_small(&room);
        if seat.site.presence.leave(&room, &username).await && small {
            saying::tell(ctx, &seat.aside, &RoomEvent::Left { username }).await;
        }
    }
}

async fn send_past(ctx: &Context, seat: &mut Seat, past: &Past) -> Result<()> {
    let newest = past.entries.last().map_or(0, |entry| entry.id);
    seat.last_id = seat.last_id.max(newest);
    let Past {
        entries,
        more,
        gap,
        since,
    } = past;
    let (history, more, gap, since) = (&entries[..], *more, *gap, *since);
    let past = History {
        history,
        more,
        gap,
        since,
    };
    ctx.send_json(&past).await
}

/// Shows who is there, and tells them who came.
async fn enter(ctx: &Context, seat: &mut Seat) -> Result<()> {
    let (site, room, username) = (&seat.site, seat.presence_key(), seat.shown());
    // Guests that are in the open room of that name: the room may have been created by another program.
    if seat.kind() == Kind::Stored && site.presence.is_empty(&room) {
        saying::tell(ctx, &seat.aside, &announce::guests_out()).await;
    }
    seat.entered = true;
    let first = site.presence.enter(&room, &username).await;
    let users = site.presence.names(&room).await;
    ctx.send_json(&Users { users }).await?;
    if first && site.presence.is_small(&room) {
        saying::tell(ctx, &seat.aside, &RoomEvent::Joined { username }).await;
    }
    Ok(())
}

async fn refuse(ctx: &Context, error: &str, client: Option<&str>) -> Result<()> {
    ctx.send_json(&Refusal { error, client }).await
}
