//! Removes the members of processes of Laureola that died.
//!
//! Every living process looks every sixth of the heartbeat; one of them takes a dead process on.
//! It need not search: the dead one kept an index of the groups it put channels into. What stands
//! in other groups, because another process put it there, is removed once a group send meets it.
//!
//! Invariant: a member is removed in the same step of the server that sees no sign of life. A
//! process that was only slow finds that out with its next one, and adds its members again.

use std::sync::Arc;

use laureola_layers::{GroupName, LayerError};
use tokio::time::sleep;

use crate::core::process::ProcessId;
use crate::core::shard::{Shard, millis};
use crate::stop::Stop;

/// So many groups that a group send found members of the dead in are looked at in one turn.
const MAX_HAUNTED: usize = 1_000;
/// About so many members of a group are read at a time.
const COUNT: usize = 1_000;

impl Shard {
    /// Gives signs of life and sweeps until the layer stops.
    pub(crate) async fn live(self: Arc<Self>, stop: Stop) {
        // Side by side: to remove a process that was in very many groups takes longer than others
        // wait for a sign of life. While the server is away both fail, and the next turn comes.
        let beats = async {
            loop {
                sleep(self.beat_interval()).await;
                if let Err(error) = self.beat().await {
                    tracing::debug!(redis = self.link.place(), %error, "cannot give a sign of life");
                }
            }
        };
        let sweeps = async {
            loop {
                sleep(self.beat_interval()).await;
                if let Err(error) = self.sweep().await {
                    tracing::debug!(redis = self.link.place(), %error, "cannot look for dead processes");
                }
            }
        };
        tokio::select! {
            () = beats => {}
            () = sweeps => {}
            () = stop.wait() => {}
        }
    }

    /// Notes members of the dead that a group send met. Cheap while nobody is dead.
    pub(crate) fn meet<'a>(&self, group: &GroupName, channels: impl IntoIterator<Item = &'a str>) {
        let dead = self.dead.lock();
        if dead.is_empty() {
            return;
        }
        let met = channels
            .into_iter()
            .filter_map(ProcessId::of_channel)
            .find(|process| dead.contains(process));
        drop(dead);
        if let Some(process) = met {
            let mut haunted = self.haunted.lock();
            if haunted.len() < MAX_HAUNTED {
                haunted.insert(group.clone(), process);
            }
        }
    }

    async fn sweep(&self) -> Result<(), LayerError> {
        let processes = self.processes().await?;
        let dead = processes.iter().filter(|process| !process.alive);
        *self.dead.lock() = dead.clone().map(|process| process.id.clone()).collect();
        for process in dead.filter(|process| process.indexed) {
            if self.take_on(&process.id).await? {
                self.bury(&process.id).await?;
            }
        }
        let haunted = std::mem::take(&mut *self.haunted.lock());
        for (group, process) in haunted {
            self.bury_in(group.as_str(), &process).await?;
        }
        Ok(())
    }

    /// Whether it falls to us to remove a process. Whoever it falls to has a heartbeat's time.
    async fn take_on(&self, process: &ProcessId) -> Result<bool, LayerError> {
        let mut claim = redis::cmd("SET");
        claim
            .arg(self.keys.sweeping(process.as_str()))
            .arg(self.process.as_str())
            .arg("NX")
            .arg("PX")
            .arg(millis(self.heartbeat));
        self.link
            .query::<Option<String>>("remove a dead process", &claim)
            .await
            .map(|ok| ok.is_some())
    }

    /// Removes a process from the groups of its index; how many members there were.
    pub(crate) async fn bury(&self, process: &ProcessId) -> Result<usize, LayerError> {
        let index = self.keys.groups_of(process.as_str());
        let (mut cursor, mut removed) = ("0".to_owned(), 0);
        loop {
            let mut scan = redis::cmd("SSCAN");
            scan.arg(&index).arg(&cursor).arg("COUNT").arg(COUNT);
            let (next, groups): (String, Vec<String>) =
                self.link.query("remove a dead process", &scan).await?;
            for group in groups {
                let Some(members) = self.bury_in(&group, process).await? else {
                    return Ok(removed);
                };
                removed += members;
            }
            if next == "0" {
                break;
            }
            cursor = next;
        }
        let mut forget = redis::cmd("DEL");
        forget.arg(&index);
        self.link.query::<()>("remove a dead process", &forget).await?;
        tracing::info!(
            redis = self.link.place(),
            process = process.as_str(),
            members = removed,
            "removed the group members of a process that died"
        );
        Ok(removed)
    }

    /// Removes a process from one group. `None` if it lives after all.
    pub(crate) async fn bury_in(
        &self,
        group: &str,
        process: &ProcessId,
    ) -> Result<Option<usize>, LayerError> {
        let Ok(group) = GroupName::new(group) else {
            return Ok(Some(0));
        };
        let key = self.keys.group(&group);
        let (mut cursor, mut removed) = ("0".to_owned(), 0);
        loop {
            let mut scan = redis::cmd("ZSCAN");
            scan.arg(&key)
                .arg(&cursor)
                .arg("MATCH")
                .arg(format!("*.{}!*", process.as_str()))
                .arg("COUNT")
                .arg(COUNT);
            let (next, found): (String, Vec<(String, f64)>) =
                self.link.query("remove a dead process", &scan).await?;
            if !found.is_empty() {
                let mut bury = self.scripts.bury.prepare_invoke();
                bury.key(self.keys.alive(process.as_str())).key(&key);
                for (channel, _) in &found {
                    bury.arg(channel);
                }
                let count: i64 = self.link.script("remove a dead process", &bury).await?;
                let Ok(count) = usize::try_from(count) else {
                    return Ok(None);
                };
                removed += count;
            }
            if next == "0" {
                return Ok(Some(removed));
            }
            cursor = next;
        }
    }
}
