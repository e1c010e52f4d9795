//! The signals a server listens to.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// SIGTERM or SIGINT (by name): the first asks the server to stop, the second ends the process.
    Stop(&'static str),
    /// SIGHUP: certificates and log files are opened anew.
    Reload,
}

/// `None` where they are somebody else's.
pub(crate) struct Signals(Option<Taken>);

struct Taken {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// Takes over the signals. From here on they no longer end the process by themselves.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self(Some(Taken {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })))
    }

    /// Leaves the signals to whoever has them.
    pub(crate) fn left_alone() -> Self {
        Self(None)
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) -> Asked {
        let Some(taken) = &mut self.0 else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = taken.interrupt.recv() => Asked::Stop("SIGINT"),
            _ = taken.terminate.recv() => Asked::Stop("SIGTERM"),
            _ = taken.hangup.recv() => Asked::Reload,
        }
    }
}
