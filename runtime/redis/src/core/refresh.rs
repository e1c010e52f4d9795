//! Keeps what this process has in groups in order: fresh, restored, left.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use laureola_layers::LayerError;
use tokio::time::{Instant, sleep_until};

use crate::backoff::Backoff;
use crate::core::clock::Score;
use crate::core::gap::Gaps;
use crate::core::shard::{BATCH, Shard, millis};
use crate::link::{Change, Returns, Server};
use crate::stop::Stop;

/// So seldom members are refreshed whatever `group_expiry` says.
const MAX_INTERVAL: Duration = Duration::from_secs(365 * 86_400);
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
            let mut batch = self.leaving.take(BATCH);
            for (group, channels) in &mut batch {
                // One that was given up may have come back.
                channels.retain(|channel| !self.joined.contains(channel, group));
            }
            batch.retain(|(_, channels)| !channels.is_empty());
            if batch.is_empty() {
                continue;
            }
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
        // No clock counts as far as the longest expiry there may be.
        let interval = (self.group_expiry / 4).min(MAX_INTERVAL);
        let mut fresh = SystemTime::now();
        // However often the connection is lost meanwhile.
        let mut due = Instant::now() + interval;
        // What failed, and when to try it again.
        let mut again = None::<(Refresh, Instant)>;
        let mut away = false;
        loop {
            let kind = tokio::select! {
                () = sleep_until(again.map_or(due, |(_, at)| at)) => again.map_or(Refresh::Existing, |(kind, _)| kind),
                () = self.revived.notified() => Refresh::IfLost,
                change = returns.change() => match change {
                    Change::Lost => {
                        away = true;
                        gaps.lost(self.index);
                        continue;
                    }
                    Change::Back(Server::Same) => Refresh::IfLost,
                    Change::Back(Server::Other) => Refresh::All,
                },
            };
            // After a sleep of the whole machine they may have been dropped as too old.
            let asleep = fresh.elapsed().is_ok_and(|age| age >= self.group_expiry);
            let kind = if asleep { Refresh::All } else { kind };
            let kind = again.map_or(kind, |(again, _)| again.max(kind));
            match self.refresh_members(kind).await {
                Ok(touched) => {
                    again = None;
                    if touched {
                        fresh = SystemTime::now();
                        due = Instant::now() + interval;
                    }
                }
                Err(_) => again = Some((kind, Instant::now() + AGAIN.min(interval))),
            }
            if away && again.is_none() {
                away = false;
                gaps.back(self.index);
            }
        }
    }

    /// Whether it touched all of them.
    async fn refresh_members(&self, kind: Refresh) -> Result<bool, LayerError> {
        // First of all, so that no other sign of life hides that the last one had expired.
        self.beat().await?;
        let lost = self.taken_for_dead.swap(false, Ordering::AcqRel);
        let kind = if lost { Refresh::All } else { kind };
        if kind == Refresh::IfLost {
            return Ok(false);
        }
        let touched = self.touch_members(kind).await;
        if lost && touched.is_err() {
            self.taken_for_dead.store(true, Ordering::Release);
        }
        touched.map(|()| true)
    }

    async fn touch_members(&self, kind: Refresh) -> Result<(), LayerError> {
        let members = self.joined.by_group();
        let groups: Vec<_> = members.keys().collect();
        for groups in groups.chunks(BATCH) {
            let mut pipeline = redis::pipe();
            self.sign_of_life(&mut pipeline);
            self.index_groups(&mut pipeline, groups.iter().copied());
            self.link.pipe::<()>("refresh groups", &pipeline).await?;
            // The join that should have said so may have failed.
            self.announced.store(true, Ordering::Release);
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
    /// None, unless others took this process for dead.
    IfLost,
    /// Those that are still in their group.
    Existing,
    /// Those that have vanished from it as well.
    All,
}
