//! One task that stores messages: whatever waits when it turns to the database goes there in one transaction.
//!
//! A message counts as said once it is stored: then its room hears it, and its sender is told. A database that is locked,
//! slow, or away makes messages wait, in order; above [`CAPACITY`] new ones are refused. Nothing that a sender was told of is
//! lost, whenever the process ends.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use laureola_django::database::DatabaseError;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tracing::{error, info, warn};

use crate::store::{NewMessage, Store};

/// Messages that may wait for the database.
pub const CAPACITY: usize = 4096;
/// Messages in one transaction.
const BATCH: usize = 256;
/// Pauses after a transaction that failed.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long a transaction may take, the first time and later ones: a database behind a network that swallows everything
/// never answers, and a slow one may need its time.
const SHORTEST_ATTEMPT: Duration = Duration::from_secs(15);
const LONGEST_ATTEMPT: Duration = Duration::from_secs(120);
/// How long a shutdown waits for what is still to be stored.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(20);

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// Too many wait already.
    #[error("the server is busy; try again in a few seconds")]
    Busy,
    /// The server is shutting down.
    #[error("the server is restarting; try again in a few seconds")]
    Closed,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is stored under this key.
    Stored(i64),
    /// Its room, or its author, is gone.
    Gone,
    /// The database will not have it, whatever else it is asked to store.
    Refused,
}

/// Somebody to be told what became of messages, in the order in which they were stored.
pub trait Audience<T>: Send + 'static {
    /// Tells the room and the sender. Awaited before the next is told.
    fn told(&mut self, message: &NewMessage, token: T, outcome: Outcome) -> impl Future<Output = ()> + Send;
}

/// The way to the task. Clones share it.
pub struct Writer<T> {
    queue: mpsc::Sender<(NewMessage, T)>,
}

impl<T> Clone for Writer<T> {
    fn clone(&self) -> Self {
        Self {
            queue: self.queue.clone(),
        }
    }
}

impl<T> fmt::Debug for Writer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("room", &self.queue.capacity())
            .finish()
    }
}

impl<T: Send + 'static> Writer<T> {
    /// Starts the task. It ends when its last writer is dropped and everything is stored, or with [`Task::close`].
    pub fn start(store: Store, audience: impl Audience<T>) -> (Self, Task) {
        let (queue, waiting) = mpsc::channel(CAPACITY);
        let (close, closing) = oneshot::channel();
        let task = tokio::spawn(run(store, waiting, closing, audience));
        let task = Task {
            task: Some(task),
            close,
        };
        (Self { queue }, task)
    }

    /// Has a message stored; `token` comes back with what became of it. Never waits.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn submit(&self, message: NewMessage, token: T) -> Result<(), WriteError> {
        self.queue
            .try_send((message, token))
            .map_err(|error| match error {
                TrySendError::Full(_) => WriteError::Busy,
                TrySendError::Closed(_) => WriteError::Closed,
            })
    }
}

/// The task itself. Dropping it ends it at once.
#[derive(Debug)]
pub struct Task {
    task: Option<JoinHandle<()>>,
    /// Closes the queue when it is dropped.
    close: oneshot::Sender<Infallible>,
}

impl Task {
    /// Takes no more messages, and waits until those that were taken are stored, at most 20 s.
    pub async fn close(mut self) {
        let (open, _) = oneshot::channel();
        drop(std::mem::replace(&mut self.close, open));
        if let Some(mut task) = self.task.take()
            && timeout(CLOSE_TIMEOUT, &mut task).await.is_err()
        {
            error!("messages that nobody was told of are lost: the database did not take them in time");
            task.abort();
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn run<T: Send>(
    store: Store,
    mut waiting: mpsc::Receiver<(NewMessage, T)>,
    mut closing: oneshot::Receiver<Infallible>,
    mut audience: impl Audience<T>,
) {
    let mut messages = Vec::with_capacity(BATCH);
    let mut tokens = Vec::with_capacity(BATCH);
    let mut batch = Vec::with_capacity(BATCH);
    // The greatest key of what this task has stored: what it stores next has greater ones.
    let mut newest = 0;
    loop {
        tokio::select! {
            taken = waiting.recv_many(&mut batch, BATCH) => {
                if taken == 0 {
                    return;
                }
            }
            _ = &mut closing, if !closing.is_terminated() => {
                waiting.close();
                continue;
            }
        }
        for (message, token) in batch.drain(..) {
            messages.push(message);
            tokens.push(token);
        }
        let outcomes = store_all(&store, &messages, newest, false).await;
        let stored = outcomes.iter().filter_map(|outcome| match outcome {
            Outcome::Stored(id) => Some(*id),
            _ => None,
        });
        newest = stored.fold(newest, i64::max);
        for ((message, token), outcome) in messages.drain(..).zip(tokens.drain(..)).zip(outcomes) {
            audience.told(&message, token, outcome).await;
        }
    }
}

/// Stores the messages, however long it takes. Nothing of them has a key up to `newest`; `again` if some may be stored.
async fn store_all(store: &Store, messages: &[NewMessage], newest: i64, mut again: bool) -> Vec<Outcome> {
    let mut pause = SHORTEST_PAUSE;
    let mut limit = SHORTEST_ATTEMPT;
    let mut failing: Option<Instant> = None;
    loop {
        let attempt = async {
            if again {
                store.insert_again(messages, newest).await
            } else {
                store.insert(messages).await
            }
        };
        let attempt = timeout(limit, attempt).await;
        let done = attempt.unwrap_or_else(|_| {
            limit = (limit * 2).min(LONGEST_ATTEMPT);
            Err(sqlx::Error::PoolTimedOut.into())
        });
        match done {
            Ok(ids) => {
                if let Some(since) = failing {
                    info!(
                        "messages are stored again, after {:.1} s",
                        since.elapsed().as_secs_f64()
                    );
                }
                return ids
                    .into_iter()
                    .map(|id| id.map_or(Outcome::Gone, Outcome::Stored))
                    .collect();
            }
            // The database is there and says no: find the message it says no to.
            Err(error) if is_refusal(&error) => match messages {
                [_] => {
                    error!("the database refuses a message: {error}");
                    return vec![Outcome::Refused];
                }
                _ => {
                    let (one, other) = messages.split_at(messages.len() / 2);
                    let mut outcomes = Box::pin(store_all(store, one, newest, again)).await;
                    outcomes.extend(Box::pin(store_all(store, other, newest, again)).await);
                    return outcomes;
                }
            },
            Err(error) => {
                // The connection may have been lost with the answer to a commit that was done.
                again = true;
                if failing.is_none() {
                    warn!("messages wait for the database: {error}");
                    failing = Some(Instant::now());
                }
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether trying again would come to the same.
fn is_refusal(error: &DatabaseError) -> bool {
    let DatabaseError::Sqlx(sqlx::Error::Database(error)) = error else {
        return false;
    };
    // SQLSTATE classes 22 (data) and 23 (constraints); SQLite's constraint, mismatch and too big.
    match error.code().as_deref() {
        Some(code) if code.len() == 5 => code.starts_with("22") || code.starts_with("23"),
        Some(code) => code
            .parse::<u32>()
            .is_ok_and(|code| matches!(code & 0xff, 18..=20)),
        None => false,
    }
}
