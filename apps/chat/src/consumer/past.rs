//! What was said before: the newest messages, pages of older ones, and what somebody missed.

use std::time::{Duration, UNIX_EPOCH};

use tokio::time::timeout;

use super::seat::{Place, Seat};
use crate::history::Entry;
use crate::store::StoredMessage;
use crate::store::messages::Page;

/// Messages that a client gets when it comes, and in a page.
pub(crate) const PAGE: usize = 50;
/// Messages that a client that comes back gets at most.
pub(crate) const MISSED: usize = 500;
/// How long a client waits for the database before it gets what Redis or the memory has.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a client gets when it comes.
#[derive(Debug)]
pub(crate) struct Past {
    pub(crate) entries: Vec<Entry>,
    /// Whether there is more before the first; `None` where the client knows.
    pub(crate) more: Option<bool>,
    /// There is something between what the client has and the first.
    pub(crate) gap: bool,
    /// The entries are all there are behind this message: what a client has and they have not was deleted.
    pub(crate) since: Option<i64>,
}

/// The newest messages.
pub(crate) async fn newest(seat: &Seat) -> Past {
    let (entries, more) = page(seat, Page::Newest).await;
    Past {
        entries,
        more: Some(more),
        gap: false,
        since: None,
    }
}

/// The page before a message, and whether there is more before that.
pub(crate) async fn before(seat: &Seat, id: i64) -> (Vec<Entry>, bool) {
    page(seat, Page::Before(id)).await
}

/// What was said behind a message, and a little of what was said before it: two servers may have said two messages in
/// the other order.
pub(crate) async fn after(seat: &Seat, id: i64) -> Past {
    let from = match seat.place {
        Place::Open => id,
        Place::Stored { .. } => id.saturating_sub(seat.site.store.overlap()),
    };
    let (entries, stored) = read(seat, Page::After(from), MISSED + 1).await;
    if entries.len() > MISSED {
        let past = newest(seat).await;
        return Past { gap: true, ..past };
    }
    Past {
        entries,
        more: None,
        gap: false,
        since: stored.then_some(from),
    }
}

async fn page(seat: &Seat, page: Page) -> (Vec<Entry>, bool) {
    let (mut entries, _) = read(seat, page, PAGE + 1).await;
    let more = entries.len() > PAGE;
    if more {
        entries.remove(0);
    }
    (entries, more)
}

/// At most `limit` messages, oldest first: of the database (and then `true`) where the room is in one that answers, else of
/// the history.
async fn read(seat: &Seat, page: Page, limit: usize) -> (Vec<Entry>, bool) {
    if let Place::Stored { room, .. } = seat.place {
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        match timeout(PATIENCE, seat.site.store.messages(room, page, limit)).await {
            Ok(Ok(messages)) => return (messages.into_iter().map(Entry::from).collect(), true),
            Ok(Err(error)) => tracing::warn!("a room's messages cannot be read: {error}"),
            Err(_) => tracing::warn!("a room's messages cannot be read in time"),
        }
    }
    let entries = seat.site.history.entries(seat.kind(), seat.room.as_str()).await;
    (select(entries.unwrap_or_default(), page, limit), false)
}

/// A page of a whole history.
fn select(mut entries: Vec<Entry>, page: Page, limit: usize) -> Vec<Entry> {
    match page {
        Page::Newest => {}
        Page::Before(id) => entries.retain(|entry| entry.id < id),
        Page::After(id) => {
            // Here the ids are no numbers of messages, so the overlap is counted.
            let first = entries.partition_point(|entry| entry.id <= id);
            entries.drain(..first.saturating_sub(OVERLAP));
            entries.truncate(limit);
            return entries;
        }
    }
    entries.drain(..entries.len().saturating_sub(limit));
    entries
}

/// Messages that a client that comes back gets though it may have them.
const OVERLAP: usize = 20;

impl From<StoredMessage> for Entry {
    fn from(message: StoredMessage) -> Self {
        let at = message.at.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            id: message.id,
            username: message.username,
            message: message.content,
            at: at.as_secs_f64(),
            guest: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(ids: impl IntoIterator<Item = i64>) -> Vec<Entry> {
        let entry = |id| Entry {
            id,
            username: "ada".to_owned(),
            message: id.to_string(),
            at: 0.0,
            guest: false,
        };
        ids.into_iter().map(entry).collect()
    }

    fn ids(page: Page, limit: usize) -> Vec<i64> {
        let selected = select(entries((1..=100).map(|n| n * 10)), page, limit);
        selected.iter().map(|entry| entry.id).collect()
    }

    #[test]
    fn pages_of_a_history_adjoin() {
        assert_eq!(ids(Page::Newest, 2), [990, 1000]);
        assert_eq!(ids(Page::Before(990), 2), [970, 980]);
        assert_eq!(ids(Page::Before(20), 2), [10]);
        let missed = ids(Page::After(500), 500);
        assert_eq!((missed[0], missed.len()), (310, 20 + 50));
        assert_eq!(ids(Page::After(1000), 500).len(), 20, "only the overlap");
    }
}
