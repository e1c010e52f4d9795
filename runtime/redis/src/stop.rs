//! How tasks hear that the layer stops.

use tokio::sync::watch;

/// The layer's end: its drop counts as a stop as well.
#[derive(Debug, Default)]
pub(crate) struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// Tells every task.
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }

    pub(crate) fn listener(&self) -> Stop {
        Stop(self.0.subscribe())
    }
}

/// A task's end.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    pub(crate) fn is_set(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits until it is set.
    pub(crate) async fn wait(&self) {
        // The error says that the layer is gone.
        let _ = self.0.clone().wait_for(|stop| *stop).await;
    }
}
