//! Who is told what became of a message: its room, its sender, and the history.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use laureola::asgi::Sender;
use laureola::{GroupName, Layer};
use tokio::time::{Instant, sleep, timeout};

use crate::consumer::outgoing::{Ack, Refusal, send_now};
use crate::event::{Message, RoomEvent};
use crate::history::{Entry, History};
use crate::room::RoomName;
use crate::store::NewMessage;
use crate::writer::{Audience, Outcome};

/// How long the channel layer may take for one message.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a history that failed is left alone.
const HISTORY_PAUSE: Duration = Duration::from_secs(5);
/// After so many messages there is a short pause, in which those who listen catch up: what the database held up for
/// seconds would overflow their mailboxes, which hold 100 by default.
const BREATH: u32 = 32;
const PAUSE: Duration = Duration::from_millis(5);

/// Where a message came from.
#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) sender: Sender,
    pub(crate) room: RoomName,
    pub(crate) group: GroupName,
    pub(crate) username: Arc<str>,
    /// What the sender's window calls it.
    pub(crate) client: Option<String>,
}

/// Tells the room, then the sender.
#[derive(Debug)]
pub(crate) struct Teller {
    layer: Layer,
    history: History,
    history_rests: Option<Instant>,
    told: u32,
}

impl Teller {
    pub(crate) fn new(layer: Layer, history: History) -> Self {
        Self {
            layer,
            history,
            history_rests: None,
            told: 0,
        }
    }

    async fn note(&mut self, room: &RoomName, entry: &Entry) {
        if self.history_rests.is_some_and(|until| Instant::now() < until) {
            return;
        }
        self.history_rests = None;
        // It is in the database: those who come later read it there.
        if let Err(error) = self.history.note(room.as_str(), entry).await {
            tracing::warn!("{error}");
            self.history_rests = Some(Instant::now() + HISTORY_PAUSE);
        }
    }

    async fn breathe(&mut self) {
        self.told = self.told.wrapping_add(1);
        if self.told.is_multiple_of(BREATH) {
            sleep(PAUSE).await;
        }
    }
}

impl Audience<Token> for Teller {
    async fn told(&mut self, message: &NewMessage, token: Token, outcome: Outcome) {
        let client = token.client.as_deref();
        let refuse = |error: &str| send_now(&token.sender, &Refusal { error, client });
        let id = match outcome {
            Outcome::Stored(id) => id,
            Outcome::Gone => return refuse("this room, or your account, is gone"),
            Outcome::Refused => return refuse("the message could not be stored"),
        };
        let entry = Entry {
            id,
            username: token.username.to_string(),
            message: message.content.clone(),
            at: message
                .at
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs_f64(),
            guest: false,
        };
        self.note(&token.room, &entry).await;
        let event = RoomEvent::Message(Message::of(entry, token.client.clone()));
        match timeout(PATIENCE, self.layer.group_send(&token.group, &event)).await {
            Ok(Ok(())) => {}
            // It is stored: whoever did not hear it finds it in the history.
            Ok(Err(error)) => tracing::warn!(room = %token.room, "a message did not reach its room: {error}"),
            Err(_) => tracing::warn!(room = %token.room, "a message did not reach its room in time"),
        }
        if let Some(ack) = client {
            send_now(&token.sender, &Ack { ack, id });
        }
        self.breathe().await;
    }
}
