//! What operators ask: which groups there are, who is in them, what waits where.

use std::time::{Duration, Instant};

use laureola_layers::{ChannelName, GroupName, LayerError};

use crate::core::clock::Score;
use crate::core::key::Keys;
use crate::core::layer::RedisChannelLayer;

/// A group with at least one member.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupInfo {
    /// Its name.
    pub name: String,
    /// How many members stand in Redis; those past `group_expiry` count until the next group send.
    pub members: usize,
    /// The host that holds it, as `host:port`.
    pub host: String,
}

/// What waits in the key of a channel, at one host. A process's channels share a key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Depth {
    /// The host, as `host:port`.
    pub host: String,
    /// Messages nobody has taken.
    pub waiting: usize,
    /// Messages that were taken and have not arrived for certain.
    pub in_flight: usize,
}

/// How one host answered.
#[derive(Debug)]
#[non_exhaustive]
pub struct Ping {
    /// The host, as `host:port`.
    pub host: String,
    /// How long the answer took, or why there is none.
    pub latency: Result<Duration, LayerError>,
}

impl RedisChannelLayer {
    /// The groups of this prefix on all hosts, by name. Cost: a `SCAN` of all keys, a thousand
    /// slots at a time, so that Redis goes on serving.
    ///
    /// # Errors
    /// [`LayerError::Backend`] if a host is away.
    pub async fn groups(&self) -> Result<Vec<GroupInfo>, LayerError> {
        let mut groups = Vec::new();
        for shard in self.shards() {
            let mut scan = shard.scan(shard.keys.groups_pattern());
            while let Some(keys) = scan.next("list groups").await? {
                if keys.is_empty() {
                    continue;
                }
                let mut pipeline = redis::pipe();
                for key in &keys {
                    pipeline.zcard(key);
                }
                let counts: Vec<usize> = shard.link.pipe("count members", &pipeline).await?;
                for (key, members) in keys.iter().zip(counts) {
                    let key = String::from_utf8_lossy(key);
                    if let (Some(name), true) = (shard.keys.group_of(&key), members > 0) {
                        groups.push(GroupInfo {
                            name: name.to_owned(),
                            members,
                            host: shard.link.place().to_owned(),
                        });
                    }
                }
            }
        }
        groups.sort_by(|a, b| (&a.name, &a.host).cmp(&(&b.name, &b.host)));
        groups.dedup();
        Ok(groups)
    }

    /// The members of a group and when each joined or was last refreshed, in seconds since 1970,
    /// the oldest first. With `membership = "process"`, a member whose name has `!g.` in it stands
    /// for all channels of its process.
    ///
    /// # Errors
    /// [`LayerError::Backend`] if the group's host is away.
    pub async fn members(&self, group: &GroupName) -> Result<Vec<(String, f64)>, LayerError> {
        let shard = self.shard(group.as_str());
        let mut read = redis::cmd("ZRANGEBYSCORE");
        read.arg(shard.keys.group(group))
            .arg(format!("({}", Score::now().before(shard.group_expiry)))
            .arg("+inf")
            .arg("WITHSCORES");
        shard.link.query("read a group", &read).await
    }

    /// What waits for a channel: at the one host of a process-specific channel, at every host for
    /// a plain one.
    ///
    /// # Errors
    /// [`LayerError::Backend`] if a host is away.
    pub async fn depth(&self, channel: &ChannelName) -> Result<Vec<Depth>, LayerError> {
        let only = self.shard(channel.non_local()).index;
        let mut depths = Vec::new();
        for shard in self.shards() {
            if channel.is_process_specific() && shard.index != only {
                continue;
            }
            let key = shard.keys.channel(channel);
            let mut pipeline = redis::pipe();
            pipeline.zcard(&key);
            pipeline.zcard(Keys::in_flight(&key));
            let (waiting, in_flight) = shard.link.pipe("count messages", &pipeline).await?;
            depths.push(Depth {
                host: shard.link.place().to_owned(),
                waiting,
                in_flight,
            });
        }
        Ok(depths)
    }

    /// Asks every host for an answer, one after the other.
    pub async fn ping(&self) -> Vec<Ping> {
        let mut pings = Vec::new();
        for shard in self.shards() {
            let start = Instant::now();
            let pong = shard.link.query::<()>("ping", &redis::cmd("PING")).await;
            pings.push(Ping {
                host: shard.link.place().to_owned(),
                latency: pong.map(|()| start.elapsed()),
            });
        }
        pings
    }
}
