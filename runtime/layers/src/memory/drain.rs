//! Fans out what waits for a group.

use std::sync::Arc;
use std::time::Duration;

use laureola_message::Batch;
use tokio::runtime::Handle;
use tokio::task::yield_now;
use tokio::time::Instant;

use crate::group::{CHUNK, Members, push_to};
use crate::lane::{Lanes, driven};
use crate::mailbox::Overflow;
use crate::measure::FanOut;
use crate::name::GroupName;

/// A fan-out to a group, and to whom it goes on with what waits behind it: what was accepted is delivered, also if a
/// sender is cancelled in the middle of it, or the layer is dropped.
///
/// Where a task has it, it waits for nothing but its turn, in a runtime that gives it one whoever waits for what. It can
/// end with that runtime, which may be one sender's among others. The rest then goes to the runtime of another one; if
/// there is none, it is fanned out on the spot.
pub(super) struct Drain {
    lanes: Arc<Lanes>,
    expiry: Duration,
    /// `None` once nothing waits.
    group: Option<GroupName>,
    /// What is on its way.
    under_way: Option<UnderWay>,
    /// Whether a panic brought it here, and it has not gone on since.
    unwound: bool,
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

impl Drain {
    /// Of a group whose lane has no other one.
    pub(super) fn of(lanes: &Arc<Lanes>, group: &GroupName, expiry: Duration) -> Self {
        Self {
            lanes: Arc::clone(lanes),
            expiry,
            group: Some(group.clone()),
            under_way: None,
            unwound: false,
        }
    }

    /// Serves the first of a lane in its sender's own task, with a turn for others after each chunk. A task has what came
    /// meanwhile, so that a sender is not kept by the others' messages; where there is no runtime for one, it is kept.
    pub(super) async fn first(mut self, members: Members, batch: Batch) {
        self.under_way = Some(UnderWay::new(members, batch, self.expiry));
        while self.serve_some() {
            if self.under_way.is_none() {
                let Some(group) = self.group.as_ref().filter(|group| self.lanes.leave(group)) else {
                    self.group = None;
                    return;
                };
                if let Some(runtime) = driven().or_else(|| self.lanes.runtime(group)) {
                    return self.go_on(Some(runtime));
                }
            }
            yield_now().await;
        }
    }

    /// Has a task of `runtime` serve what waits, or else one of another runtime.
    pub(super) fn go_on(self, runtime: Option<Handle>) {
        let runtime = runtime.or_else(|| self.lanes.runtime(self.group.as_ref()?));
        match runtime {
            // If that has ended the task is dropped, and goes on with another one.
            Some(runtime) => drop(runtime.spawn(self.serve())),
            None => self.serve_at_once(),
        }
    }

    async fn serve(mut self) {
        loop {
            // Those who are ready may have more for this group, and other groups have their turn.
            yield_now().await;
            if !self.serve_some() {
                return;
            }
        }
    }

    /// Until all have everything, or a runtime has come that takes it over.
    fn serve_at_once(mut self) {
        while self.serve_some() {
            let runtime = self.group.as_ref().and_then(|group| self.lanes.runtime(group));
            if runtime.is_some() {
                return self.go_on(runtime);
            }
        }
    }

    /// Serves some members of what is on its way, or of what is next. Whether there may be more.
    fn serve_some(&mut self) -> bool {
        let Some(group) = &self.group else { return false };
        self.unwound = false;
        if self.under_way.is_none() {
            let next = self.lanes.take(group);
            self.under_way = next.map(|(members, batch)| UnderWay::new(members, batch, self.expiry));
        }
        let Some(under_way) = &mut self.under_way else {
            self.group = None;
            return false;
        };
        if under_way.serve_some() {
            let done = self.under_way.take();
            done.into_iter().for_each(|done| done.end(group, &self.lanes));
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
            expires: Instant::now().checked_add(expiry),
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

    fn end(self, group: &GroupName, lanes: &Lanes) {
        self.measured.end(self.full);
        if let Some(messages) = lanes.lost.note(self.full) {
            tracing::info!(%group, messages, "group messages dropped by members over capacity");
        }
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        let Some(group) = self.group.take() else { return };
        // A runtime that lives is the one that a panic unwinds; on the spot a second one would end the process.
        let unwinds = std::thread::panicking() && !self.unwound;
        let runtime = unwinds.then(driven).flatten();
        let rest = Self {
            lanes: Arc::clone(&self.lanes),
            expiry: self.expiry,
            group: Some(group),
            under_way: self.under_way.take(),
            unwound: unwinds,
        };
        rest.go_on(runtime);
    }
}
