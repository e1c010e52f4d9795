//! One server and what this process keeps in it: memberships, and signs of life.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use laureola_layers::{ChannelName, GroupName, LayerError};
use parking_lot::Mutex;
use redis::Pipeline;
use tokio::sync::Notify;

use crate::core::clock::Score;
use crate::core::key::Keys;
use crate::core::known::Known;
use crate::core::leaving::Leaving;
use crate::core::membership::Membership;
use crate::core::process::{Dead, ProcessId};
use crate::core::script::Scripts;
use crate::link::Link;

/// So many groups, or members of one, go into one round trip or command.
pub(crate) const BATCH: usize = 500;

/// A server, and the memberships that stand in it.
#[derive(Debug)]
pub(crate) struct Shard {
    /// Its place among the hosts.
    pub(crate) index: usize,
    pub(crate) link: Arc<Link>,
    pub(crate) keys: Keys,
    pub(crate) scripts: Arc<Scripts>,
    pub(crate) joined: Membership,
    pub(crate) leaving: Leaving,
    pub(crate) group_expiry: Duration,
    pub(crate) heartbeat: Duration,
    /// This process.
    pub(crate) process: ProcessId,
    /// Whether this process has put a channel into a group here, and must give signs of life.
    pub(crate) announced: AtomicBool,
    /// This process was taken for dead: its memberships may be gone until they were added again.
    pub(crate) taken_for_dead: AtomicBool,
    /// Says so.
    pub(crate) revived: Notify,
    /// The dead that the last look found.
    pub(crate) dead: Mutex<Dead>,
    /// Groups in which a group send met members of the dead, with one of them each.
    pub(crate) haunted: Mutex<HashMap<GroupName, ProcessId>>,
    /// Members of groups whose keys are all here, too.
    pub(crate) known: Known,
}

impl Shard {
    /// Adds a channel of whatever process, or makes it count as added now.
    pub(crate) async fn add(&self, group: &GroupName, channel: &ChannelName) -> Result<(), LayerError> {
        let mut pipeline = redis::pipe();
        self.put(&mut pipeline, group, channel);
        self.link.pipe("add to a group", &pipeline).await
    }

    /// Adds a channel of this process. Whoever finds it there also finds who it belongs to, and
    /// that we live: both are written first.
    pub(crate) async fn add_own(&self, group: &GroupName, channel: &ChannelName) -> Result<(), LayerError> {
        let first = self.joined.add(channel, group);
        let announced = self.announced.load(Ordering::Acquire);
        let mut pipeline = redis::pipe();
        if !announced {
            self.sign_of_life(&mut pipeline);
        }
        if first {
            self.index_groups(&mut pipeline, [group]);
        }
        self.put(&mut pipeline, group, channel);
        self.link.pipe::<()>("add to a group", &pipeline).await?;
        if !announced {
            self.announced.store(true, Ordering::Release);
        }
        Ok(())
    }

    /// Removes members from groups.
    pub(crate) async fn discard(&self, members: &[(GroupName, Vec<ChannelName>)]) -> Result<(), LayerError> {
        let mut pipeline = redis::pipe();
        for (group, channels) in members {
            for channels in channels.chunks(BATCH) {
                let channels: Vec<_> = channels.iter().map(ChannelName::as_str).collect();
                pipeline.zrem(self.keys.group(group), channels).ignore();
            }
            if self.announced.load(Ordering::Acquire) && !self.joined.has(group) {
                pipeline
                    .srem(self.keys.groups_of(self.process.as_str()), group.as_str())
                    .ignore();
            }
        }
        self.link.pipe("discard from a group", &pipeline).await
    }

    /// Deletes every key of this layer's prefix.
    pub(crate) async fn flush(&self) -> Result<(), LayerError> {
        self.announced.store(false, Ordering::Release);
        let mut scan = self.scan(self.keys.pattern());
        while let Some(keys) = scan.next("flush").await? {
            if !keys.is_empty() {
                let mut delete = redis::cmd("UNLINK");
                delete.arg(keys);
                self.link.query::<()>("flush", &delete).await?;
            }
        }
        Ok(())
    }

    /// The keys that match a pattern, a thousand slots of the server's table at a time.
    pub(crate) fn scan(&self, pattern: String) -> Scan<'_> {
        Scan {
            link: &self.link,
            pattern,
            cursor: Some("0".to_owned()),
        }
    }

    /// Notes in which groups members of this process stand, for whoever buries it.
    pub(crate) fn index_groups<'a>(
        &self,
        pipeline: &mut Pipeline,
        groups: impl IntoIterator<Item = &'a GroupName>,
    ) {
        let key = self.keys.groups_of(self.process.as_str());
        let groups: Vec<_> = groups.into_iter().map(GroupName::as_str).collect();
        pipeline.sadd(&key, groups).ignore();
        // It outlives the last membership it tells of.
        pipeline
            .pexpire(&key, millis(self.group_expiry + self.heartbeat))
            .ignore();
    }

    fn put(&self, pipeline: &mut Pipeline, group: &GroupName, channel: &ChannelName) {
        let key = self.keys.group(group);
        pipeline.zadd(&key, channel.as_str(), Score::now()).ignore();
        pipeline.pexpire(&key, millis(self.group_expiry)).ignore();
    }
}

/// What [`Shard::scan`] gives.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    link: &'a Link,
    pattern: String,
    cursor: Option<String>,
}

impl Scan<'_> {
    /// Some of the keys; a key may come twice. `None` at the end.
    pub(crate) async fn next(&mut self, what: &str) -> Result<Option<Vec<Vec<u8>>>, LayerError> {
        let Some(cursor) = self.cursor.take() else {
            return Ok(None);
        };
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor)
            .arg("MATCH")
            .arg(&self.pattern)
            .arg("COUNT")
            .arg(1_000);
        let (next, keys): (String, Vec<Vec<u8>>) = self.link.query(what, &scan).await?;
        self.cursor = (next != "0").then_some(next);
        Ok(Some(keys))
    }
}

/// Milliseconds for Redis, which takes none for "delete at once".
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis())
        .unwrap_or(i64::MAX / 1_000_000)
        .max(1)
}
