//! Whether a server should get new clients: what a load balancer asks before it sends any.

use std::sync::Arc;

use tokio::sync::watch;

/// A stage in a server's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stage {
    /// It may listen, but does not serve yet: applications start.
    Starting,
    /// It serves.
    Ready,
    /// It was asked to stop. It may still serve, see
    /// [`Builder::shutdown_delay`](crate::Builder::shutdown_delay), but wants no new clients.
    Stopping,
}

/// A handle on a server's stage; clones share it. It outlives the server, which is `Stopping` then.
///
/// `/readyz` answers 200 while it [`is_ready`](Self::is_ready), and 503 otherwise.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<watch::Sender<Stage>>);

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Stage::Starting)))
    }
}

impl Readiness {
    /// The stage of this moment.
    #[must_use]
    pub fn stage(&self) -> Stage {
        *self.0.borrow()
    }

    /// Whether new clients are welcome.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.stage() == Stage::Ready
    }

    /// Ready once the stage is `stage`, or one behind it.
    pub async fn reached(&self, stage: Stage) {
        // The sender is ours, so this cannot fail.
        let reached = |now: &Stage| *now as u8 >= stage as u8;
        let _ = self.0.subscribe().wait_for(reached).await;
    }

    /// Stages only go forward.
    pub(crate) fn advance(&self, stage: Stage) {
        self.0.send_if_modified(|now| {
            let forward = (stage as u8) > (*now as u8);
            if forward {
                *now = stage;
            }
            forward
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stages_go_forward_only_and_clones_see_them() {
        let readiness = Readiness::default();
        let clone = readiness.clone();
        assert_eq!(clone.stage(), Stage::Starting);
        readiness.advance(Stage::Ready);
        assert!(clone.is_ready());
        readiness.advance(Stage::Stopping);
        readiness.advance(Stage::Ready);
        clone.reached(Stage::Ready).await;
        clone.reached(Stage::Stopping).await;
        assert!(!clone.is_ready(), "a server that stops is never ready again");
    }
}
