//! The deadlines of one connection: all of them share one timer.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::wire::Owed;
use crate::options::Options;

/// How long a client that was told to go away may keep its connection without a stream.
pub(super) const DRAIN: Duration = Duration::from_secs(1);

/// What is to be done at a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// No SETTINGS, or half a header block.
    Slow,
    /// Nothing is taken of what we write.
    Stalled,
    /// No stream for long.
    Idle,
    /// Silence in the presence of streams: is somebody there?
    Ping,
    /// The ping was not answered.
    Dead,
}

#[derive(Debug)]
pub(super) struct Watchdog {
    owed: Arc<Owed>,
    head: Duration,
    keep_alive: Duration,
    response: Duration,
    ping_interval: Option<Duration>,
    ping_timeout: Option<Duration>,
    /// Since when there is no stream.
    idle: Option<Instant>,
    pinged: Option<Instant>,
    draining: bool,
}

impl Watchdog {
    pub(super) fn new(options: &Options, owed: Arc<Owed>) -> Self {
        Self {
            owed,
            head: options.header_timeout,
            keep_alive: options.keep_alive_timeout,
            response: options.slow_client_timeout,
            ping_interval: options.ping_interval,
            ping_timeout: options.ping_timeout,
            idle: Some(Instant::now()),
            pinged: None,
            draining: false,
        }
    }

    /// The client was told to go away.
    pub(super) fn drain(&mut self) {
        self.draining = true;
        if let Some(idle) = &mut self.idle {
            *idle = Instant::now();
        }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining
    }

    /// Notes whether there are streams.
    pub(super) fn note(&mut self, busy: bool) {
        if busy {
            self.idle = None;
        } else if self.idle.is_none() {
            self.idle = Some(Instant::now());
        }
    }

    pub(super) fn pinged(&mut self) {
        self.pinged = Some(Instant::now());
    }

    /// What comes next, and when. `None` for never.
    pub(super) fn next(&self) -> Option<(Instant, Due)> {
        let seen = self.owed.seen();
        let late = (!seen.settings).then_some(seen.begun).or(seen.block);
        let after =
            |since: Option<Instant>, limit: Duration, due: Due| Some((since?.checked_add(limit)?, due));
        let idle = if self.draining { DRAIN } else { self.keep_alive };
        [
            after(late, self.head, Due::Slow),
            after(seen.stalled, self.response, Due::Stalled),
            after(self.idle, idle, Due::Idle),
            self.silence(seen.heard),
        ]
        .into_iter()
        .flatten()
        .min_by_key(|(at, _)| *at)
    }

    /// An idle connection is not pinged: it ends soon enough.
    fn silence(&self, heard: Instant) -> Option<(Instant, Due)> {
        if self.idle.is_some() {
            return None;
        }
        match self.pinged.filter(|pinged| *pinged >= heard) {
            Some(pinged) => Some((pinged.checked_add(self.ping_timeout?)?, Due::Dead)),
            None => Some((heard.checked_add(self.ping_interval?)?, Due::Ping)),
        }
    }
}
