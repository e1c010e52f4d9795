//! What all operations of a layer share, and what they do to memberships.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use laureola_layers::{Capacities, ChannelName, GroupName, LayerError};
use laureola_message::{Channels, Message};

use crate::config::RedisConfig;
use crate::core::clock::{Clock, Score};
use crate::core::codec::Codec;
use crate::core::deliver::Local;
use crate::core::dispatch::{Joined, Parted};
use crate::core::gap::Gaps;
use crate::core::group::lane::Lanes;
use crate::core::process::ProcessId;
use crate::core::queue::Queue;
use crate::core::ring;
use crate::core::script::Scripts;
use crate::core::shard::{Shard, millis};

/// The layer without its tasks.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: RedisConfig,
    pub(crate) capacities: Capacities,
    /// Identifies this process in its channels' names.
    pub(crate) process: ProcessId,
    pub(crate) clock: Clock,
    pub(crate) codec: Arc<Codec>,
    pub(crate) scripts: Arc<Scripts>,
    pub(crate) local: Arc<Local>,
    pub(crate) gaps: Gaps,
    pub(crate) lanes: Arc<Lanes>,
    /// At least one.
    pub(crate) shards: Box<[Arc<Shard>]>,
    /// The server that the next message for a plain channel goes to.
    pub(crate) next: AtomicUsize,
}

/// Memberships to end: a group and the channel of this process that stands in it.
type Members = Vec<(GroupName, ChannelName)>;

impl Inner {
    /// The server that holds what is called `name`: a group, or the non-local name of a
    /// process-specific channel.
    pub(crate) fn shard(&self, name: &str) -> &Arc<Shard> {
        &self.shards[ring::position(name, self.shards.len())]
    }

    /// What a channel is received from at one server.
    pub(crate) fn queue(&self, shard: &Shard, channel: &ChannelName) -> Queue {
        Queue {
            link: Arc::clone(&shard.link),
            key: shard.keys.channel(channel),
            expiry: self.config.expiry,
            codec: Arc::clone(&self.codec),
            scripts: Arc::clone(&self.scripts),
            local: Arc::clone(&self.local),
        }
    }

    pub(crate) async fn send(&self, channel: &ChannelName, message: &Message) -> Result<(), LayerError> {
        let (shard, envelope) = if channel.is_process_specific() {
            (
                self.shard(channel.non_local()),
                Some(Channels::One(channel.as_str())),
            )
        } else {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            (&self.shards[next % self.shards.len()], None)
        };
        let member = self.codec.seal(message, envelope)?;
        let score = self.clock.next();
        let mut invocation = self.scripts.send.prepare_invoke();
        invocation
            .key(shard.keys.channel(channel))
            .arg(Score::now().before(self.config.expiry))
            .arg(self.capacities.of(channel.as_str()))
            .arg(score)
            .arg(&*member)
            .arg(millis(self.config.expiry));
        if shard.link.script::<bool>("send", &invocation).await? {
            Ok(())
        } else {
            Err(LayerError::ChannelFull(channel.clone()))
        }
    }

    pub(crate) async fn group_add(&self, group: &GroupName, channel: &ChannelName) -> Result<(), LayerError> {
        let shard = self.shard(group.as_str());
        let Some(mailbox) = self.local.directory.get(channel.as_str()) else {
            return shard.add(group, channel).await;
        };
        let Some(dispatch) = &self.local.dispatch else {
            return shard.add_own(group, channel).await;
        };
        let Joined::Register(dispatcher) = dispatch.join(group, channel, mailbox) else {
            return Ok(());
        };
        shard.add_own(group, &dispatcher).await?;
        if !dispatch.registered(group, &dispatcher) {
            // The last member left meanwhile, and may have come before us.
            shard.joined.remove(&dispatcher, group);
            shard.leaving.add(&dispatcher, [group.clone()]);
        }
        Ok(())
    }

    pub(crate) async fn group_discard(
        &self,
        group: &GroupName,
        channel: &ChannelName,
    ) -> Result<(), LayerError> {
        let shard = self.shard(group.as_str());
        let (member, is_dispatcher) = match &self.local.dispatch {
            None => (channel.clone(), false),
            Some(dispatch) => match dispatch.part(group, channel) {
                Parted::Others => return Ok(()),
                Parted::Last(dispatcher) => (dispatcher, true),
                // Another process may have added it by name.
                Parted::Stranger => (channel.clone(), false),
            },
        };
        shard.joined.remove(&member, group);
        // Of a channel the owner knows that it failed; of a dispatcher nobody would.
        let mut later = LeaveLater {
            shard,
            members: Vec::new(),
        };
        if is_dispatcher {
            later.members.push((group.clone(), member.clone()));
        }
        shard.discard(&[(group.clone(), vec![member])]).await?;
        later.members.clear();
        Ok(())
    }

    /// Takes a channel of this process out of these groups, and of all others it joined.
    pub(crate) async fn close_channel(
        &self,
        channel: &ChannelName,
        groups: Vec<GroupName>,
    ) -> Result<(), LayerError> {
        let leaves = self.part_from_all(channel, groups).into_iter().map(
            async |(shard, members): (&Arc<Shard>, Members)| {
                let gone: Vec<_> = members
                    .iter()
                    .map(|(group, channel)| (group.clone(), vec![channel.clone()]))
                    .collect();
                // Whether this future is dropped or fails: the background task has the rest of it.
                let mut later = LeaveLater { shard, members };
                shard.discard(&gone).await?;
                later.members.clear();
                Ok(())
            },
        );
        join_all(leaves).await.into_iter().collect()
    }

    /// The same for one that cannot wait.
    pub(crate) fn abandon_channel(&self, channel: &ChannelName, groups: Vec<GroupName>) {
        for (shard, members) in self.part_from_all(channel, groups) {
            drop(LeaveLater { shard, members });
        }
    }

    /// What stands in Redis of a channel's memberships, by server; they are no longer ours.
    fn part_from_all(&self, channel: &ChannelName, groups: Vec<GroupName>) -> Vec<(&Arc<Shard>, Members)> {
        self.local.directory.remove(channel);
        let members: Members = if let Some(dispatch) = &self.local.dispatch {
            dispatch.take(channel)
        } else {
            let mut groups: HashSet<_> = groups.into_iter().collect();
            for shard in &self.shards {
                groups.extend(shard.joined.take(channel));
            }
            groups.into_iter().map(|group| (group, channel.clone())).collect()
        };
        let mut by_shard: HashMap<usize, Members> = HashMap::new();
        for (group, member) in members {
            let shard = self.shard(group.as_str());
            shard.joined.remove(&member, &group);
            by_shard.entry(shard.index).or_default().push((group, member));
        }
        by_shard
            .into_iter()
            .map(|(index, members)| (&self.shards[index], members))
            .collect()
    }
}

/// Gives what was not left to the background task.
struct LeaveLater<'a> {
    shard: &'a Shard,
    members: Members,
}

impl Drop for LeaveLater<'_> {
    fn drop(&mut self) {
        for (group, channel) in self.members.drain(..) {
            self.shard.leaving.add(&channel, [group]);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use laureola_testkit::RedisServer;

    use super::*;
    use crate::core::group;

    #[tokio::test]
    async fn after_the_clock_was_set_back_messages_of_others_do_not_count_as_expired() {
        let redis = RedisServer::start();
        let mut inner = Inner::connect(RedisConfig::new(redis.url()), &Default::default())
            .await
            .expect("a server");
        inner.clock = Clock::ahead(Duration::from_secs(3_600));
        let now = Score::now().to_string();
        redis.command(&["ZADD", "asgithumbnails", &now, "theirs"]);
        let channel = ChannelName::new("thumbnails").expect("a name");
        let message = Message::new(&BTreeMap::from([("n", 1)])).expect("a map");
        inner.send(&channel, &message).await.expect("sent");
        assert_eq!(redis.command(&["ZCARD", "asgithumbnails"]).int(), 2);
        let room = GroupName::new("room").expect("a name");
        inner.group_add(&room, &channel).await.expect("added");
        group::send(&inner, &room, &message).await.expect("sent");
        assert_eq!(redis.command(&["ZCARD", "asgithumbnails"]).int(), 3);
    }

    #[tokio::test]
    async fn a_member_that_came_back_before_it_was_removed_stays() {
        let redis = RedisServer::start();
        let inner = Inner::connect(RedisConfig::new(redis.url()), &Default::default())
            .await
            .expect("a server");
        let shard = &inner.shards[0];
        let [back, gone] =
            ["specific.a!1", "specific.a!2"].map(|name| ChannelName::new(name).expect("a name"));
        let room = GroupName::new("room").expect("a name");
        for channel in [&back, &gone] {
            shard.add_own(&room, channel).await.expect("added");
            shard.leaving.add(channel, [room.clone()]);
        }
        shard.joined.remove(&gone, &room);
        let stopper = crate::stop::Stopper::default();
        stopper.stop();
        Arc::clone(shard).leave(stopper.listener()).await;
        let left = redis.command(&["ZRANGE", "asgi:group:room", "0", "-1"]);
        assert_eq!(left.texts(), [back.as_str()]);
    }
}
