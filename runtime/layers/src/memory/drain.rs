//! Fans out what waits behind a group's messages.

use std::sync::Arc;
use std::time::Duration;

use laureola_message::Batch;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::MemoryLayer;
use crate::group::{Members, fan_out};
use crate::lane::Lanes;
use crate::mailbox::Overflow;
use crate::name::GroupName;

/// Delivers a batch to every member.
pub(super) async fn deliver(group: &GroupName, members: &Members, batch: &Batch, expiry: Duration) {
    let expires = Instant::now().checked_add(expiry);
    let full = fan_out(members, batch, Overflow::DropNewest, expires).await;
    if full > 0 {
        tracing::info!(%group, messages = full, "group messages dropped by members over capacity");
    }
}

/// A sender that fans its own message out. At its end, even if it is cancelled, a task takes over what came meanwhile:
/// a sender is not kept by the others' messages.
pub(super) struct Turn<'a> {
    layer: &'a MemoryLayer,
    group: &'a GroupName,
}

impl<'a> Turn<'a> {
    pub(super) fn of(layer: &'a MemoryLayer, group: &'a GroupName) -> Self {
        Self { layer, group }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let lanes = &self.layer.lanes;
        if !lanes.leave(self.group) {
            return;
        }
        // Those who sent what waits did so in a runtime; without one here, this was dropped after its end.
        let Ok(runtime) = Handle::try_current() else {
            lanes.abandon(self.group);
            return;
        };
        let rest = Rest {
            lanes: Arc::clone(lanes),
            group: Some(self.group.clone()),
        };
        let mut tasks = self.layer.tasks.lock();
        while tasks.try_join_next().is_some() {}
        tasks.spawn_on(rest.deliver(self.layer.expiry), &runtime);
    }
}

/// What waits for a group. Given up if nobody delivers it to its end: its runtime is no more.
struct Rest {
    lanes: Arc<Lanes>,
    group: Option<GroupName>,
}

impl Rest {
    async fn deliver(mut self, expiry: Duration) {
        let Some(group) = &self.group else { return };
        loop {
            // Those who are ready may have more for this group, and other groups have their turn.
            tokio::task::yield_now().await;
            let Some((members, batch)) = self.lanes.take(group) else {
                self.group = None;
                return;
            };
            deliver(group, &members, &batch, expiry).await;
        }
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        if let Some(group) = &self.group {
            self.lanes.abandon(group);
        }
    }
}
