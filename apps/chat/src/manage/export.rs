//! Everything that was said in a room.

use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;

use super::{ManageError, Management};
use crate::store::Room;
use crate::store::messages::Page;

/// Messages that are read at once.
const PAGE: u32 = 500;

/// A message of an export.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exported {
    /// The primary key.
    pub id: i64,
    /// The author's name.
    pub username: String,
    /// The text.
    pub message: String,
    /// Seconds since 1970, to the microsecond.
    pub at: f64,
}

/// How much there is to export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Messages.
    pub messages: u64,
    /// The primary key of the last.
    pub last: i64,
}

impl Management {
    /// How much was said in a room up to now.
    ///
    /// # Errors
    /// The database's.
    pub async fn extent(&self, room: &Room) -> Result<Extent, ManageError> {
        let extent = self.store.extent(room.id).await;
        let (messages, last) = extent.map_err(|error| self.failed(error))?;
        Ok(Extent { messages, last })
    }

    /// The next page of a room's messages behind the message `after` (0: from the first on), oldest first, at most 500;
    /// an empty one is the end.
    ///
    /// # Errors
    /// The database's.
    pub async fn export(&self, room: &Room, after: i64) -> Result<Vec<Exported>, ManageError> {
        let page = self.store.messages(room.id, Page::After(after), PAGE).await;
        let page = page.map_err(|error| self.failed(error))?;
        let exported = page.into_iter().map(|message| Exported {
            id: message.id,
            username: message.username,
            message: message.content,
            at: message
                .at
                .duration_since(UNIX_EPOCH)
                .unwrap_or(Duration::ZERO)
                .as_secs_f64(),
        });
        Ok(exported.collect())
    }
}
