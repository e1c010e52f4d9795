//! Keeps what this process has in groups in order: fresh, restored, left.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use laureola_layers::LayerError;
use tokio::time::sleep;

use crate::backoff::Backoff;
use crate::core::clock::Score;
use crate::core::gap::Gaps;
use crate::core::shard::{Shard, millis};
use crate::link::{Change, Returns, Server};
use crate::stop::Stop;

/// So many memberships go into one round trip.
const BATCH: usize = 500;
/// So soon a refresh that failed is tried again.
const AGAIN: Duration = Duration::from_secs(1);

impl Shard {
    /// Removes what [`Leaving`](super::leaving::Leaving) holds, until the layer stops and nothing
    /// is left.
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
    /// where they were lost: to a server that was started anew, and after others took this process
    /// for dead. Tells `gaps` when the server went away and when all is well again.
    pub(crate) async fn refresh(self: Arc<Self>, mut returns: Returns, gaps: Gaps) {
        let mut fresh = SystemTime::now();
        let (mut again, mut away) = (None::<Refresh>, false);
        loop {
            let pause = if again.is_some() { AGAIN } else { self.group_expiry };
            let kind = tokio::select! {
                () = sleep(pause.min(self.group_expiry / 4)) => Some(Refresh::Existing),
                () = self.revived.notified() => Some(Refresh::All),
                change = returns.change() => match change {
                    Change::Lost => {
                        away = true;
                        gaps.lost(self.index);
                        continue;
                    }
                    Change::Back(server) => (server == Server::Other).then_some(Refresh::All),
                },
            };
            // After a sleep of the whole machine they may have been dropped as too old.
            let asleep = fresh.elapsed().is_ok_and(|age| age >= self.group_expiry);
            let kind = kind.max(again).max(asleep.then_some(Refresh::All));
            if let Some(kind) = kind {
                match self.refresh_members(kind).await {
                    Ok(()) => (fresh, again) = (SystemTime::now(), None),
                    Err(_) => again = Some(kind),
                }
            }
            if away && again.is_none() {
                away = false;
                gaps.back(self.index);
            }
        }
    }

    async fn refresh_members(&self, kind: Refresh) -> Result<(), LayerError> {
        let members = self.joined.by_group();
        let groups: Vec<_> = members.keys().collect();
        for groups in groups.chunks(BATCH) {
            let mut pipeline = redis::pipe();
            self.sign_of_life(&mut pipeline);
            self.index_groups(&mut pipeline, groups.iter().copied());
            self.link.pipe::<()>("refresh groups", &pipeline).await?;
        }
        for (group, channels) in &members {
            for channels in channels.chunks(BATCH) {
                let key = self.keys.group(group);
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
                    if kind == Refresh::All && !self.joined.contains(channel, group) {
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
