//! What a process is to be subscribed to at one server, and what the server has confirmed.
//!
//! Callers state what they want and may wait for it; one task, which owns the connection, brings
//! the server in line. So a thousand calls at once become a few commands, and a name that is
//! given up and wanted again while a command is under way ends up as it was wanted last.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use crate::error::RedisFault;

/// The name of a Redis channel.
pub(crate) type Topic = Arc<str>;
/// What somebody who waits for a subscription is told.
type Answer = Result<(), RedisFault>;

/// The subscriptions at one server.
#[derive(Debug)]
pub(crate) struct Topics {
    table: Mutex<Table>,
    changed: Notify,
}

#[derive(Debug)]
struct Table {
    topics: HashMap<Topic, Entry>,
    /// Topics the task has to look at.
    changed: Vec<Topic>,
    /// Why there is no connection.
    away: Option<RedisFault>,
}

#[derive(Debug, Default)]
struct Entry {
    wanted: bool,
    confirmed: bool,
    waiting: Vec<oneshot::Sender<Answer>>,
}

/// What the server has to be told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) subscribe: Vec<Topic>,
    pub(crate) unsubscribe: Vec<Topic>,
}

/// A subscription that was asked for.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// The server has it, or cannot be asked.
    Settled(Answer),
    /// The task will answer.
    Waiting(oneshot::Receiver<Answer>),
}

impl Wanted {
    /// Waits for the answer.
    pub(crate) async fn answer(self) -> Answer {
        match self {
            Self::Settled(answer) => answer,
            Self::Waiting(answer) => answer
                .await
                .unwrap_or_else(|_| Err(RedisFault::Away("the subscription was given up".to_owned()))),
        }
    }
}

impl Topics {
    /// No topics, and no connection yet.
    pub(crate) fn new() -> Self {
        Self {
            table: Mutex::new(Table {
                topics: HashMap::new(),
                changed: Vec::new(),
                away: Some(RedisFault::Away("not connected yet".to_owned())),
            }),
            changed: Notify::new(),
        }
    }

    /// Wants a topic. While the server is away that fails at once, and the topic is subscribed to
    /// when it is back, unless it is [given up](Self::give_up).
    pub(crate) fn want(&self, topic: &str) -> Wanted {
        let mut table = self.table.lock();
        let table = &mut *table;
        let key = match table.topics.get_key_value(topic) {
            Some((key, _)) => Arc::clone(key),
            None => topic.into(),
        };
        let entry = table.topics.entry(Arc::clone(&key)).or_default();
        entry.wanted = true;
        if let Some(why) = &table.away {
            return Wanted::Settled(Err(why.clone()));
        }
        if entry.confirmed {
            return Wanted::Settled(Ok(()));
        }
        let (answer, waiting) = oneshot::channel();
        entry.waiting.push(answer);
        table.changed.push(key);
        self.changed.notify_one();
        Wanted::Waiting(waiting)
    }

    /// No longer wants a topic.
    pub(crate) fn give_up(&self, topic: &str) {
        let mut table = self.table.lock();
        let table = &mut *table;
        let Some((key, _)) = table.topics.get_key_value(topic) else {
            return;
        };
        let key = Arc::clone(key);
        if table.away.is_some() {
            table.topics.remove(topic);
            return;
        }
        if let Some(entry) = table.topics.get_mut(topic) {
            entry.wanted = false;
            entry.waiting.clear();
        }
        table.changed.push(key);
        self.changed.notify_one();
    }

    /// Gives up every topic.
    pub(crate) fn clear(&self) {
        let topics: Vec<_> = self.table.lock().topics.keys().cloned().collect();
        for topic in topics {
            self.give_up(&topic);
        }
    }

    /// Waits until there may be [changes](Self::take_changes).
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What has changed since the last call. What is to be unsubscribed from counts as left.
    pub(crate) fn take_changes(&self) -> Changes {
        let mut table = self.table.lock();
        let table = &mut *table;
        let mut changes = Changes::default();
        for topic in std::mem::take(&mut table.changed) {
            let Some(entry) = table.topics.get_mut(&topic) else {
                continue;
            };
            match (entry.wanted, entry.confirmed) {
                // A topic may stand here twice; then it is sent twice in the same command, which
                // the server confirms twice.
                (true, false) => changes.subscribe.push(topic),
                (false, true) => {
                    table.topics.remove(&topic);
                    changes.unsubscribe.push(topic);
                }
                (false, false) => {
                    table.topics.remove(&topic);
                }
                (true, true) => {}
            }
        }
        changes.subscribe.sort_unstable();
        changes.subscribe.dedup();
        changes
    }

    /// A new connection begins with no subscriptions: every topic that is wanted.
    pub(crate) fn begin(&self) -> Vec<Topic> {
        let mut table = self.table.lock();
        table.changed.clear();
        table.topics.retain(|_, entry| entry.wanted);
        for entry in table.topics.values_mut() {
            entry.confirmed = false;
        }
        table.topics.keys().cloned().collect()
    }

    /// The server confirmed these.
    pub(crate) fn confirm(&self, topics: &[Topic]) {
        let mut table = self.table.lock();
        let table = &mut *table;
        for topic in topics {
            match table.topics.get_mut(topic) {
                Some(entry) => {
                    entry.confirmed = true;
                    for waiting in entry.waiting.drain(..) {
                        // Whoever asked may have gone.
                        let _ = waiting.send(Ok(()));
                    }
                    if !entry.wanted {
                        table.changed.push(Arc::clone(topic));
                        self.changed.notify_one();
                    }
                }
                // Given up while it was subscribed to again after a loss.
                None => {
                    let entry = Entry {
                        confirmed: true,
                        ..Entry::default()
                    };
                    table.topics.insert(Arc::clone(topic), entry);
                    table.changed.push(Arc::clone(topic));
                    self.changed.notify_one();
                }
            }
        }
    }

    /// The server refused this one: nobody is subscribed to it until it is wanted again.
    pub(crate) fn refuse(&self, topic: &str, why: &RedisFault) {
        let entry = self.table.lock().topics.remove(topic);
        for waiting in entry.into_iter().flat_map(|entry| entry.waiting) {
            // Whoever asked may have gone.
            let _ = waiting.send(Err(why.clone()));
        }
    }

    /// The connection is there and has what was wanted when it began.
    pub(crate) fn up(&self) {
        let mut table = self.table.lock();
        let table = &mut *table;
        table.away = None;
        // Wanted since then, while callers were told that the server is away.
        let missing = table.topics.iter().filter(|(_, entry)| !entry.confirmed);
        table.changed.extend(missing.map(|(topic, _)| Arc::clone(topic)));
        self.changed.notify_one();
    }

    /// The connection is gone: whoever waits is told so.
    pub(crate) fn away(&self, why: &RedisFault) {
        let mut table = self.table.lock();
        table.away = Some(why.clone());
        table.changed.clear();
        table.topics.retain(|_, entry| entry.wanted);
        for entry in table.topics.values_mut() {
            entry.confirmed = false;
            for waiting in entry.waiting.drain(..) {
                let _ = waiting.send(Err(why.clone()));
            }
        }
    }

    /// The number of topics that are wanted.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        let table = self.table.lock();
        table.topics.values().filter(|entry| entry.wanted).count()
    }
}

#[cfg(test)]
mod tests;
