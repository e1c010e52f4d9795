//! Fans out what waits behind a group's messages.

use std::sync::{Arc, Weak};
use std::time::Duration;

use laureola_message::Batch;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::MemoryLayer;
use crate::group::{CHUNK, Members, fan_out, push_to};
use crate::lane::Lanes;
use crate::mailbox::Overflow;
use crate::measure::FanOut;
use crate::name::GroupName;

/// Delivers a batch to every member.
pub(super) async fn deliver(group: &GroupName, members: &Members, batch: &Batch, expiry: Duration) {
    let full = fan_out(members, batch, Overflow::DropNewest, expires(expiry)).await;
    complain(group, full);
}

fn expires(expiry: Duration) -> Option<Instant> {
    Instant::now().checked_add(expiry)
}

fn complain(group: &GroupName, full: usize) {
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
        let MemoryLayer { lanes, expiry, .. } = self.layer;
        if lanes.leave(self.group) {
            let rest = Rest {
                lanes: Arc::downgrade(lanes),
                expiry: *expiry,
                group: Some(self.group.clone()),
                under_way: None,
            };
            rest.go_on(lanes, Handle::try_current().ok());
        }
    }
}

/// What waits for a group. The task that has it waits for nothing but its turn, and ends when the layer is dropped.
///
/// It ends as well with its runtime, which may be that of one sender among others. The rest then goes to the runtime of
/// another one; if there is none, it is fanned out on the spot.
struct Rest {
    lanes: Weak<Lanes>,
    expiry: Duration,
    /// `None` once nothing waits.
    group: Option<GroupName>,
    /// What is on its way.
    under_way: Option<UnderWay>,
}

/// A batch, of whose members so many have it.
struct UnderWay {
    members: Members,
    batch: Batch,
    served: usize,
    full: usize,
    expires: Option<Instant>,
    measured: FanOut,
}

impl Rest {
    /// Has `runtime` deliver it, or else another one.
    fn go_on(self, lanes: &Lanes, runtime: Option<Handle>) {
        let runtime = runtime.or_else(|| lanes.runtime(self.group.as_ref()?));
        match runtime {
            // If that has ended the task is dropped, and goes on with another one.
            Some(runtime) => drop(runtime.spawn(self.deliver())),
            None => self.deliver_at_once(),
        }
    }

    async fn deliver(mut self) {
        loop {
            // Those who are ready may have more for this group, and other groups have their turn.
            tokio::task::yield_now().await;
            if !self.serve_some() {
                return;
            }
        }
    }

    fn deliver_at_once(mut self) {
        while self.serve_some() {}
    }

    /// Serves some members of what is on its way, or of what is next. Whether there may be more.
    fn serve_some(&mut self) -> bool {
        let Some(group) = &self.group else { return false };
        if self.under_way.is_none() {
            let next = self.lanes.upgrade().and_then(|lanes| lanes.take(group));
            self.under_way = next.map(|(members, batch)| UnderWay::new(members, batch, self.expiry));
        }
        let Some(under_way) = &mut self.under_way else {
            self.group = None;
            return false;
        };
        if under_way.serve_some() {
            let done = self.under_way.take();
            done.into_iter().for_each(|done| done.end(group));
        }
        true
    }
}

impl UnderWay {
    fn new(members: Members, batch: Batch, expiry: Duration) -> Self {
        Self {
            members,
            batch,
            served: 0,
            full: 0,
            expires: expires(expiry),
            measured: FanOut::begin(),
        }
    }

    /// Whether all have it now.
    fn serve_some(&mut self) -> bool {
        let end = self.members.len().min(self.served + CHUNK);
        let some = &self.members[self.served..end];
        self.served = end;
        self.full += push_to(some, &self.batch, Overflow::DropNewest, self.expires);
        end == self.members.len()
    }

    fn end(self, group: &GroupName) {
        self.measured.end(self.full);
        complain(group, self.full);
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        let Some(lanes) = self.lanes.upgrade().filter(|_| self.group.is_some()) else {
            return;
        };
        let rest = Self {
            lanes: Weak::clone(&self.lanes),
            expiry: self.expiry,
            group: self.group.take(),
            under_way: self.under_way.take(),
        };
        rest.go_on(&lanes, None);
    }
}
