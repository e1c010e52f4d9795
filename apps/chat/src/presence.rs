//! Who is in a room, on all servers.
//!
//! Each server notes its own people, in Redis where the servers share one, with a time after which they count as gone: a
//! server that is killed takes its people along within a minute.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use redis::aio::ConnectionManager;

/// How long somebody counts as present without a new sign.
const LIFE: Duration = Duration::from_secs(60);
/// How often a server gives a sign for its people.
pub const SIGN_INTERVAL: Duration = Duration::from_secs(20);
/// Names that a browser is sent.
pub const MAX_NAMES: usize = 500;

/// People in a room, above which it is not told who comes, goes and types.
pub const MAX_ANNOUNCED: usize = 200;

/// See the module's documentation. Clones share it.
#[derive(Clone)]
pub struct Presence(Arc<Inner>);

struct Inner {
    /// Rooms, their people, and how many windows each of them has open here.
    here: Mutex<HashMap<String, HashMap<String, usize>>>,
    shared: Option<Shared>,
}

struct Shared {
    connection: ConnectionManager,
    prefix: String,
    /// Tells this server's people from those of others.
    server: String,
}

impl fmt::Debug for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presence")
            .field("rooms", &self.0.here.lock().len())
            .finish_non_exhaustive()
    }
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}

impl Presence {
    /// Of one server.
    #[must_use]
    pub fn local() -> Self {
        Self(Arc::new(Inner {
            here: Mutex::default(),
            shared: None,
        }))
    }

    /// Of all servers on this Redis; `server` is a text no other of them has.
    #[must_use]
    pub fn shared(connection: ConnectionManager, prefix: &str, server: &str) -> Self {
        let prefix = format!("{prefix}:laureola:chat:present:");
        let shared = Some(Shared {
            connection,
            prefix,
            server: server.to_owned(),
        });
        Self(Arc::new(Inner {
            here: Mutex::default(),
            shared,
        }))
    }

    /// Somebody came. Returns whether they were not there yet, on any server.
    pub async fn enter(&self, room: &str, name: &str) -> bool {
        let first = {
            let mut here = self.0.here.lock();
            let windows = here
                .entry(room.to_owned())
                .or_default()
                .entry(name.to_owned())
                .or_default();
            *windows += 1;
            *windows == 1
        };
        let Some(shared) = self.0.shared.as_ref().filter(|_| first) else {
            return first;
        };
        let elsewhere = shared.names(room).await.contains(name);
        shared.sign(room, &[name.to_owned()]).await;
        !elsewhere
    }

    /// Somebody left. Returns whether they are there no more, on any server.
    pub async fn leave(&self, room: &str, name: &str) -> bool {
        let last = {
            let mut here = self.0.here.lock();
            let Some(people) = here.get_mut(room) else {
                return false;
            };
            let Some(windows) = people.get_mut(name) else {
                return false;
            };
            *windows -= 1;
            let last = *windows == 0;
            if last {
                people.remove(name);
            }
            if people.is_empty() {
                here.remove(room);
            }
            last
        };
        let Some(shared) = self.0.shared.as_ref().filter(|_| last) else {
            return last;
        };
        shared.remove(room, name).await;
        !shared.names(room).await.contains(name)
    }

    /// Whether so few people are in the room, on this server, that each is worth telling the others of: in a room of
    /// thousands, coming and going would be all there is to hear.
    #[must_use]
    pub fn is_small(&self, room: &str) -> bool {
        let here = self.0.here.lock();
        here.get(room).is_none_or(|people| people.len() <= MAX_ANNOUNCED)
    }

    /// Whether nobody is in the room on this server.
    #[must_use]
    pub fn is_empty(&self, room: &str) -> bool {
        !self.0.here.lock().contains_key(room)
    }

    /// Everybody in the room, by name, at most [`MAX_NAMES`].
    pub async fn names(&self, room: &str) -> Vec<String> {
        let mut names: BTreeSet<String> = match &self.0.shared {
            Some(shared) => shared.names(room).await,
            None => BTreeSet::new(),
        };
        if let Some(people) = self.0.here.lock().get(room) {
            names.extend(people.keys().cloned());
        }
        names.into_iter().take(MAX_NAMES).collect()
    }

    /// Gives a sign for everybody here, until it is dropped.
    pub async fn keep(&self) {
        let Some(shared) = &self.0.shared else {
            return std::future::pending().await;
        };
        loop {
            tokio::time::sleep(SIGN_INTERVAL).await;
            let here: Vec<(String, Vec<String>)> = {
                let here = self.0.here.lock();
                here.iter()
                    .map(|(room, people)| (room.clone(), people.keys().cloned().collect()))
                    .collect()
            };
            for (room, names) in here {
                shared.sign(&room, &names).await;
            }
        }
    }
}

impl Shared {
    fn key(&self, room: &str) -> String {
        format!("{}{room}", self.prefix)
    }

    fn member(&self, name: &str) -> String {
        format!("{} {name}", self.server)
    }

    /// A failure is passed over: the next sign comes soon.
    async fn sign(&self, room: &str, names: &[String]) {
        let key = self.key(room);
        let until = now() + LIFE.as_secs_f64();
        let mut pipe = redis::pipe();
        for name in names {
            pipe.zadd(&key, self.member(name), until).ignore();
        }
        pipe.zrembyscore(&key, "-inf", now()).ignore();
        pipe.expire(&key, 2 * LIFE.as_secs() as i64).ignore();
        let done: Result<(), _> = pipe.query_async(&mut self.connection.clone()).await;
        if let Err(error) = done {
            tracing::debug!(%error, "presence could not be noted");
        }
    }

    async fn remove(&self, room: &str, name: &str) {
        let mut remove = redis::cmd("ZREM");
        remove.arg(self.key(room)).arg(self.member(name));
        let done: Result<(), _> = remove.query_async(&mut self.connection.clone()).await;
        if let Err(error) = done {
            tracing::debug!(%error, "a leave could not be noted");
        }
    }

    async fn names(&self, room: &str) -> BTreeSet<String> {
        let mut range = redis::cmd("ZRANGEBYSCORE");
        range
            .arg(self.key(room))
            .arg(now())
            .arg("+inf")
            .arg("LIMIT")
            .arg(0)
            .arg(4 * MAX_NAMES);
        let members: Vec<String> = range
            .query_async(&mut self.connection.clone())
            .await
            .unwrap_or_default();
        members
            .into_iter()
            .filter_map(|member| Some(member.split_once(' ')?.1.to_owned()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn two_windows_are_one_person() {
        let presence = Presence::local();
        assert!(presence.enter("a", "ada").await);
        assert!(!presence.enter("a", "ada").await);
        assert!(presence.enter("a", "bob").await);
        assert!(presence.enter("b", "eve").await);
        assert_eq!(presence.names("a").await, ["ada", "bob"]);
        assert!(!presence.leave("a", "ada").await);
        assert!(presence.leave("a", "ada").await);
        assert!(!presence.leave("a", "ada").await, "nobody leaves twice");
        assert_eq!(presence.names("a").await, ["bob"]);
    }
}
