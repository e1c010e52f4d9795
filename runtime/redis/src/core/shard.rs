//! One server and what this process keeps in it: memberships, and the tasks that tend them.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use laureola_layers::{ChannelName, GroupName, LayerError};
use tokio::time::sleep;

use crate::backoff::Backoff;
use crate::core::clock::Score;
use crate::core::key::Keys;
use crate::core::leaving::Leaving;
use crate::core::membership::Membership;
use crate::link::{Link, Returns, Server};
use crate::stop::Stop;

/// So many memberships go into one round trip.
const BATCH: usize = 500;

/// A server, and the memberships that stand in it.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(crate) link: Arc<Link>,
    pub(crate) keys: Keys,
    pub(crate) joined: Membership,
    pub(crate) leaving: Leaving,
    pub(crate) group_expiry: Duration,
}

impl Shard {
    /// Adds a member, or makes it count as added now.
    pub(crate) async fn add(&self, group: &GroupName, channel: &ChannelName) -> Result<(), LayerError> {
        let key = self.keys.group(group);
        let mut pipeline = redis::pipe();
        pipeline.zadd(&key, channel.as_str(), Score::now()).ignore();
        pipeline.pexpire(&key, millis(self.group_expiry)).ignore();
        self.link.pipe("add to a group", &pipeline).await
    }

    /// Removes members from groups.
    pub(crate) async fn discard(&self, members: &[(GroupName, Vec<ChannelName>)]) -> Result<(), LayerError> {
        let mut pipeline = redis::pipe();
        for (group, channels) in members {
            let channels: Vec<_> = channels.iter().map(ChannelName::as_str).collect();
            pipeline.zrem(self.keys.group(group), channels).ignore();
        }
        self.link.pipe("discard from a group", &pipeline).await
    }

    /// Removes what [`Leaving`] holds, until the layer stops and nothing is left.
    pub(crate) async fn leave(self: Arc<Self>, stop: Stop) {
        let mut backoff = Backoff::new();
        loop {
            if self.leaving.is_empty() {
                if stop.is_set() {
                    return;
                }
                tokio::select! {
                    () = self.leaving.added.notified() => {}
                    () = stop.wait() => {}
                }
                continue;
            }
            let batch = self.leaving.take(BATCH);
            if self.discard(&batch).await.is_ok() {
                backoff.reset();
                continue;
            }
            for (group, channels) in batch {
                for channel in channels {
                    self.leaving.add(&channel, [group.clone()]);
                }
            }
            backoff.pause().await;
            self.link.wait_up().await;
        }
    }

    /// Keeps this process's members from growing older than `group_expiry`, and brings them back
    /// to a server that was started anew.
    pub(crate) async fn refresh(self: Arc<Self>, mut returns: Returns) {
        let mut fresh = SystemTime::now();
        let mut again: Option<Refresh> = None;
        loop {
            let kind = tokio::select! {
                () = sleep(self.group_expiry / 4) => Refresh::Existing,
                server = returns.next() => match (server, again) {
                    (Server::Same, None) => continue,
                    (Server::Same, Some(kind)) => kind,
                    (Server::Other, _) => Refresh::All,
                },
            };
            // After a sleep of the whole machine they may have been dropped as too old.
            let asleep = fresh.elapsed().is_ok_and(|age| age >= self.group_expiry);
            let kind = if asleep {
                Refresh::All
            } else {
                again.unwrap_or(kind).max(kind)
            };
            match self.refresh_members(kind).await {
                Ok(()) => (fresh, again) = (SystemTime::now(), None),
                // The next return of the connection tries again.
                Err(_) => again = Some(kind),
            }
        }
    }

    /// Deletes every key of this layer's prefix.
    pub(crate) async fn flush(&self) -> Result<(), LayerError> {
        let pattern = self.keys.pattern();
        let mut cursor = "0".to_owned();
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(&cursor)
                .arg("MATCH")
                .arg(&pattern)
                .arg("COUNT")
                .arg(1_000);
            let (next, keys): (String, Vec<Vec<u8>>) = self.link.query("flush", &scan).await?;
            if !keys.is_empty() {
                let mut delete = redis::cmd("UNLINK");
                delete.arg(keys);
                self.link.query::<()>("flush", &delete).await?;
            }
            if next == "0" {
                return Ok(());
            }
            cursor = next;
        }
    }

    async fn refresh_members(&self, kind: Refresh) -> Result<(), LayerError> {
        for (group, channels) in self.joined.by_group() {
            for channels in channels.chunks(BATCH) {
                let key = self.keys.group(&group);
                let now = Score::now();
                let mut add = redis::cmd("ZADD");
                add.arg(&key);
                if kind == Refresh::Existing {
                    // Another process may have discarded one of them, and is to have its way.
                    add.arg("XX");
                }
                for channel in channels {
                    add.arg(now).arg(channel.as_str());
                }
                let mut pipeline = redis::pipe();
                pipeline.add_command(add).ignore();
                pipeline.pexpire(&key, millis(self.group_expiry)).ignore();
                self.link.pipe::<()>("refresh a group", &pipeline).await?;
                for channel in channels {
                    // It left while we added it.
                    if kind == Refresh::All && !self.joined.contains(channel, &group) {
                        self.leaving.add(channel, [group.clone()]);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Which members to touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Refresh {
    /// Those that are still in their group.
    Existing,
    /// Those that have vanished from it as well.
    All,
}

/// Milliseconds for Redis, which takes none for "delete at once".
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis())
        .unwrap_or(i64::MAX / 1_000_000)
        .max(1)
}
