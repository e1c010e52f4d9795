//! What systemd, or a manager like it, is told (sd_notify(3)), and what it passes on (sd_listen_fds(3)).
//!
//! The protocol is made of environment variables; without them nothing here does anything.

use std::time::Duration;

use laureola::server::Activation;
use sd_notify::NotifyState;
use tokio::time::{Interval, interval};

/// The service manager, if there is one.
#[derive(Debug)]
pub(crate) struct Service {
    watchdog: Option<Interval>,
    status: String,
}

impl Service {
    /// As the environment says. Within a runtime.
    pub(crate) fn from_environment() -> Self {
        Self {
            // Twice in the time the manager waits for one.
            watchdog: sd_notify::watchdog_enabled()
                .map(|limit| interval((limit / 2).max(Duration::from_millis(1)))),
            status: String::new(),
        }
    }

    /// The server serves; `status` is what `systemctl status` shows.
    pub(crate) fn ready(&mut self, status: String) {
        self.status = status;
        self.tell_ready();
    }

    /// SIGHUP was heard. It is over with [`reloaded`](Self::reloaded).
    pub(crate) fn reloading(&self) {
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            tell(&[NotifyState::Reloading, now]);
        }
    }

    pub(crate) fn reloaded(&self) {
        self.tell_ready();
    }

    fn tell_ready(&self) {
        tell(&[NotifyState::Ready, NotifyState::Status(&self.status)]);
    }

    pub(crate) fn stopping(&self, status: &str) {
        tell(&[NotifyState::Stopping, NotifyState::Status(status)]);
    }

    /// Ready whenever a sign of life is due; never without a watchdog.
    pub(crate) async fn due(&mut self) {
        match &mut self.watchdog {
            Some(interval) => {
                interval.tick().await;
            }
            None => std::future::pending().await,
        }
    }

    /// A sign of life.
    pub(crate) fn alive(&self) {
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "the service manager cannot be told");
    }
}

/// The descriptors passed to this process. `worker`: those passed to our parent, which passes them on.
pub(crate) fn activation(worker: bool) -> Activation {
    let own_pid = std::process::id();
    let of_parent = worker.then(|| own_pid.to_string());
    let variable = |name| std::env::var(name).ok();
    Activation::from_values(
        own_pid,
        of_parent.or_else(|| variable("LISTEN_PID")).as_deref(),
        variable("LISTEN_FDS").as_deref(),
        variable("LISTEN_FDNAMES").as_deref(),
    )
}
