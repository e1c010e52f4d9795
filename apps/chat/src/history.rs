//! What was said last, in each room: a capped list that expires, in Redis where the servers share one, else in this process.
//!
//! Open rooms have nothing else. Rooms for people with accounts have their messages in the database; the list serves them
//! where that does not answer.
//!
//! # Layout
//! - this file: [`Entry`] and [`History`]
//! - `memory`, `redis`: the two places

mod memory;
mod redis;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

pub use self::memory::MemoryHistory;
pub use self::redis::{RedisHistory, RedisHistoryError};

/// How much of a room is kept, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Messages of a room. Default 200.
    pub messages: usize,
    /// How long after its last message a room is forgotten. Default a day.
    pub idle: Duration,
    /// Rooms that are kept in this process's memory; one more forgets the one that was silent for longest. (Redis has its own
    /// limits.) Default 1,000.
    pub rooms: usize,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            messages: 200,
            idle: Duration::from_secs(86_400),
            rooms: 1000,
        }
    }
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// A message as browsers get it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Newer messages of a room have greater ones.
    pub id: i64,
    /// Who said it.
    pub username: String,
    /// The text.
    pub message: String,
    /// Seconds since 1970.
    pub at: f64,
    /// The name is one that a guest chose.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub guest: bool,
}

/// Which list an entry goes to. Open rooms and rooms with accounts may have the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `/chat/<room_name>/`.
    Open,
    /// `/rooms/<slug>/`.
    Stored,
}

impl Kind {
    /// What a room is called where those of both kinds stand side by side.
    pub(crate) fn key(self, room: &str) -> String {
        match self {
            Self::Open => format!("open:{room}"),
            Self::Stored => format!("stored:{room}"),
        }
    }
}

/// The lists of all rooms. Clones share them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum History {
    /// In this process.
    Memory(MemoryHistory),
    /// Shared by all servers of the chat.
    Redis(RedisHistory),
}

impl History {
    /// Adds to an open room; the entry's key becomes the room's next one. Keys begin at the time in milliseconds, so that
    /// they go on growing when a room was forgotten, or its server started again.
    ///
    /// # Errors
    /// Redis does not answer; nothing was added, as far as we know.
    pub async fn add(&self, room: &str, entry: &mut Entry) -> Result<(), RedisHistoryError> {
        match self {
            Self::Memory(history) => history.add(&Kind::Open.key(room), entry),
            Self::Redis(history) => history.add(&Kind::Open.key(room), entry).await?,
        }
        Ok(())
    }

    /// Notes a message that has its key already.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn note(&self, room: &str, entry: &Entry) -> Result<(), RedisHistoryError> {
        match self {
            Self::Memory(history) => history.note(&Kind::Stored.key(room), entry),
            Self::Redis(history) => history.note(&Kind::Stored.key(room), entry).await?,
        }
        Ok(())
    }

    /// A room's entries, oldest first.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn entries(&self, kind: Kind, room: &str) -> Result<Vec<Entry>, RedisHistoryError> {
        let mut entries = match self {
            Self::Memory(history) => history.entries(&kind.key(room)),
            Self::Redis(history) => history.entries(&kind.key(room)).await?,
        };
        // Two servers may note two messages in the other order, and one that was sent again is noted again.
        entries.sort_by_key(|entry| entry.id);
        entries.dedup_by_key(|entry| entry.id);
        Ok(entries)
    }

    /// Forgets a room's entries: it was deleted, or one of its messages was.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn forget(&self, kind: Kind, room: &str) -> Result<(), RedisHistoryError> {
        match self {
            Self::Memory(history) => history.forget(&kind.key(room)),
            Self::Redis(history) => history.forget(&kind.key(room)).await?,
        }
        Ok(())
    }
}
