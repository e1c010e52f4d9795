//! One person's place in one room.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use laureola::{Context, GroupName};
use tokio::time::Instant;

use crate::account::Ticket;
use crate::event::Message;
use crate::history::Kind;
use crate::limits::Allowance;
use crate::room::RoomName;
use crate::site::Site;

/// Messages of which a window may wait for the answer and still be told which is its own.
const MAX_PENDING: usize = 64;
/// How often others are told that somebody is typing.
const TYPING_INTERVAL: Duration = Duration::from_secs(2);

/// Which room.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// `/chat/<room_name>/`.
    Open,
    /// `/rooms/<slug>/`.
    Stored {
        /// The room's primary key.
        room: i64,
        /// The person's.
        user: i64,
        ticket: Ticket,
    },
}

/// What a connection has from its acceptance to its end.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) site: Arc<Site>,
    pub(crate) place: Place,
    pub(crate) room: RoomName,
    /// Where messages travel.
    pub(crate) group: GroupName,
    /// Where everything else travels.
    pub(crate) aside: GroupName,
    pub(crate) username: Arc<str>,
    /// The name is one that a guest chose.
    pub(crate) guest: bool,
    pub(crate) allowance: Allowance,
    /// The newest message this window was sent.
    pub(crate) last_id: i64,
    /// Whether others were told of this window.
    pub(crate) entered: bool,
    pending: VecDeque<Box<str>>,
    typed: Option<Instant>,
}

impl Seat {
    pub(crate) fn new(site: Arc<Site>, place: Place, room: RoomName, username: &str) -> Self {
        Self {
            guest: false,
            group: room.group(),
            aside: room.aside_group(),
            username: username.into(),
            allowance: Allowance::new(&site.options.limits),
            last_id: 0,
            entered: false,
            pending: VecDeque::new(),
            typed: None,
            site,
            place,
            room,
        }
    }

    /// Whose lists it is in.
    pub(crate) fn kind(&self) -> Kind {
        match self.place {
            Place::Open => Kind::Open,
            Place::Stored { .. } => Kind::Stored,
        }
    }

    /// What the room's people are listed under.
    pub(crate) fn presence_key(&self) -> String {
        self.kind().key(self.room.as_str())
    }

    /// The name in lists of people, where guests are marked in it: no user's name has a blank.
    pub(crate) fn shown(&self) -> String {
        if self.guest {
            format!("{} (guest)", self.username)
        } else {
            self.username.to_string()
        }
    }

    /// The connection is in use: now and then somebody sees whether its session still is.
    pub(crate) fn touch(&mut self, ctx: &Context) {
        let interval = self.site.options.session_check;
        if let Place::Stored { user, ticket, .. } = &mut self.place
            && ticket.is_due(interval)
        {
            self.site.watch.check(ticket, *user, ctx.sender());
        }
    }

    /// Who said something begins anew: that they type again is news at once.
    pub(crate) fn said(&mut self) {
        self.typed = None;
    }

    /// Notes that an answer to `client` is awaited.
    pub(crate) fn await_own(&mut self, client: &str) {
        if self.pending.len() == MAX_PENDING {
            self.pending.pop_front();
        }
        self.pending.push_back(client.into());
    }

    /// Whether this window sent the message.
    pub(crate) fn is_own(&mut self, message: &Message) -> bool {
        let Some(client) = message.client.as_deref() else {
            return false;
        };
        if *message.username != *self.username || message.guest != self.guest {
            return false;
        }
        let found = self.pending.iter().position(|known| **known == *client);
        found.and_then(|index| self.pending.remove(index)).is_some()
    }

    /// Whether others are to be told that this person is typing.
    pub(crate) fn types(&mut self) -> bool {
        let now = Instant::now();
        let due = self.typed.is_none_or(|at| now - at >= TYPING_INTERVAL);
        if due {
            self.typed = Some(now);
        }
        due
    }
}
