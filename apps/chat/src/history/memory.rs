//! Lists in this process.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;

use super::{Entry, Keep};

/// The lists of a chat on one server. Clones share them.
#[derive(Clone, Debug)]
pub struct MemoryHistory {
    keep: Keep,
    rooms: Arc<Mutex<HashMap<String, Room>>>,
}

#[derive(Debug)]
struct Room {
    entries: VecDeque<Entry>,
    last_id: i64,
    touched: Instant,
}

impl MemoryHistory {
    /// Empty lists.
    #[must_use]
    pub fn new(keep: Keep) -> Self {
        Self {
            keep,
            rooms: Arc::default(),
        }
    }

    pub(super) fn add(&self, key: &str, entry: &mut Entry) {
        self.change(key, |room| {
            entry.id = super::now().max(room.last_id + 1);
            entry.clone()
        });
    }

    pub(super) fn note(&self, key: &str, entry: &Entry) {
        self.change(key, |_| entry.clone());
    }

    fn change(&self, key: &str, entry: impl FnOnce(&Room) -> Entry) {
        let mut rooms = self.rooms.lock();
        if !rooms.contains_key(key) {
            rooms.retain(|_, room| room.touched.elapsed() < self.keep.idle);
            if rooms.len() >= self.keep.rooms {
                let oldest = rooms
                    .iter()
                    .min_by_key(|(_, room)| room.touched)
                    .map(|(key, _)| key.clone());
                oldest.and_then(|oldest| rooms.remove(&oldest));
            }
        }
        let room = rooms.entry(key.to_owned()).or_insert_with(|| Room {
            entries: VecDeque::new(),
            last_id: 0,
            touched: Instant::now(),
        });
        let entry = entry(room);
        room.last_id = room.last_id.max(entry.id);
        room.touched = Instant::now();
        room.entries.push_back(entry);
        while room.entries.len() > self.keep.messages {
            room.entries.pop_front();
        }
    }

    pub(super) fn entries(&self, key: &str) -> Vec<Entry> {
        let rooms = self.rooms.lock();
        let room = rooms
            .get(key)
            .filter(|room| room.touched.elapsed() < self.keep.idle);
        room.map(|room| room.entries.iter().cloned().collect())
            .unwrap_or_default()
    }

    pub(super) fn forget(&self, key: &str) {
        self.rooms.lock().remove(key);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn say(history: &MemoryHistory, room: &str, message: &str) -> i64 {
        let mut entry = Entry {
            id: 0,
            username: "ada".to_owned(),
            message: message.to_owned(),
            at: 0.0,
            guest: false,
        };
        history.add(room, &mut entry);
        entry.id
    }

    #[test]
    fn a_list_is_capped_and_its_ids_grow() {
        let history = MemoryHistory::new(Keep {
            messages: 3,
            ..Keep::default()
        });
        let ids: Vec<_> = (0..5).map(|n| say(&history, "a", &n.to_string())).collect();
        assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
        let texts: Vec<_> = history
            .entries("a")
            .into_iter()
            .map(|entry| entry.message)
            .collect();
        assert_eq!(texts, ["2", "3", "4"]);
        assert_eq!(history.entries("b"), []);
        history.forget("a");
        assert_eq!(history.entries("a"), []);
    }

    #[test]
    fn silent_rooms_are_forgotten_first() {
        let history = MemoryHistory::new(Keep {
            rooms: 2,
            ..Keep::default()
        });
        for room in ["a", "b", "a", "c"] {
            say(&history, room, "x");
        }
        assert_eq!(history.entries("b"), []);
        assert_eq!(history.entries("a").len(), 2);
        let soon = MemoryHistory::new(Keep {
            idle: Duration::ZERO,
            ..Keep::default()
        });
        say(&soon, "a", "x");
        assert_eq!(soon.entries("a"), []);
    }
}
