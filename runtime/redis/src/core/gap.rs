//! When servers go away and come back, for whoever has a mailbox open.

use std::collections::HashSet;
use std::sync::Arc;

use laureola_layers::Notice;
use tokio::sync::watch;

use crate::core::deliver::Local;

/// Where the tasks that tend the servers say what they see. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gaps(Arc<watch::Sender<State>>);

#[derive(Clone, Debug, Default)]
struct State {
    away: HashSet<usize>,
    /// How often some server went away.
    lost: u64,
}

impl Gaps {
    /// A server went away.
    pub(crate) fn lost(&self, server: usize) {
        self.0.send_modify(|state| {
            state.away.insert(server);
            state.lost += 1;
        });
    }

    /// It is back, and our memberships stand in it.
    pub(crate) fn back(&self, server: usize) {
        self.0.send_if_modified(|state| state.away.remove(&server));
    }

    /// From now on.
    pub(crate) fn listener(&self) -> GapListener {
        let changes = self.0.subscribe();
        let lost = changes.borrow().lost;
        GapListener {
            changes,
            lost,
            in_gap: false,
        }
    }
}

/// One that hears of gaps.
#[derive(Debug)]
pub(crate) struct GapListener {
    changes: watch::Receiver<State>,
    lost: u64,
    in_gap: bool,
}

impl GapListener {
    /// Waits for a gap, or for the end of one: for the last server to be back. However late one
    /// asks, the gap comes before its end. Cancel-safe; never ends once the layer is gone.
    pub(crate) async fn next(&mut self) -> Notice {
        loop {
            let (lost, whole) = {
                let state = self.changes.borrow_and_update();
                (state.lost, state.away.is_empty())
            };
            if lost != self.lost {
                (self.lost, self.in_gap) = (lost, true);
                return Notice::Disconnected;
            }
            if whole && std::mem::take(&mut self.in_gap) {
                return Notice::Reconnected;
            }
            if self.changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Tells every channel of this process. Never ends.
pub(crate) async fn herald(mut gaps: GapListener, local: Arc<Local>) {
    loop {
        let notice = gaps.next().await;
        local.notify(notice).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_gap_ends_when_the_last_server_is_back_and_is_never_missed() {
        let gaps = Gaps::default();
        let mut listener = gaps.listener();
        gaps.lost(0);
        gaps.lost(1);
        gaps.back(0);
        assert_eq!(listener.next().await, Notice::Disconnected);
        let nothing = timeout(Duration::from_secs(1), listener.next()).await;
        assert!(nothing.is_err(), "one is still away");
        gaps.back(1);
        assert_eq!(listener.next().await, Notice::Reconnected);
        gaps.lost(0);
        gaps.back(0);
        assert_eq!(listener.next().await, Notice::Disconnected, "over already");
        assert_eq!(listener.next().await, Notice::Reconnected);
    }
}
