//! What every scenario begins with: connections, and a while of quiet.

use std::time::{Duration, Instant};

use crate::cli::Common;
use crate::errors::LoadError;
use crate::net::{Handler, Tcp};
use crate::progress::Progress;
use crate::system::{Usage, Watched};

/// The longest turn of a loop that has something to look after.
pub(super) const TURN: Duration = Duration::from_millis(10);
/// How often it looks.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// A moment that comes every [`TICK`].
#[derive(Debug)]
pub(super) struct Ticker(Instant);

impl Ticker {
    pub(super) fn new() -> Self {
        Self(Instant::now() + TICK)
    }

    pub(super) fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let due = now >= self.0;
        if due {
            self.0 = now + TICK;
        }
        due
    }
}

/// Opens connections 0 to `count`, until each is ready or has failed.
pub(super) fn connect(
    tcp: &mut Tcp,
    handler: &mut impl Handler,
    count: usize,
    watched: &Watched,
    progress: &Progress,
) -> Result<Usage, LoadError> {
    let before = watched.look().map_err(LoadError::Usage)?;
    progress.stage("connect", count as u64);
    for id in 0..count {
        tcp.io().open(id);
    }
    let mut ticker = Ticker::new();
    while tcp.opening() > 0 {
        tcp.turn(handler, TURN)?;
        if ticker.is_due() {
            tcp.sweep(handler);
            progress.at(tcp.ready() as u64, || format!("{} of {count}", tcp.ready()));
        }
    }
    watched.since(&before).map_err(LoadError::Usage)
}

/// Lets `seconds` go by, answering what has to be answered.
pub(super) fn quiet(
    tcp: &mut Tcp,
    handler: &mut impl Handler,
    seconds: f64,
    progress: &Progress,
) -> Result<(), LoadError> {
    progress.stage("settle", (seconds * 1e3) as u64);
    let start = Instant::now();
    let end = start + Duration::from_secs_f64(seconds);
    while let Some(left) = end
        .checked_duration_since(Instant::now())
        .filter(|left| !left.is_zero())
    {
        tcp.turn(handler, left.min(TURN))?;
        progress.at(start.elapsed().as_millis() as u64, String::new);
    }
    Ok(())
}

/// What may be opened is open; says what to do where the machine does not allow it.
pub(super) fn prepare(common: &Common, connections: usize) -> Result<Progress, LoadError> {
    crate::system::allow_open_files(connections).map_err(LoadError::Usage)?;
    Ok(Progress::new(common.quiet))
}
