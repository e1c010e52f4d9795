//! The buffer of lines, and the thread that writes them.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use tracing::warn;

/// Bytes of lines that may wait.
const CAPACITY: usize = 1024 * 1024;
/// A buffer that was longer gives its memory back.
const KEPT: usize = 64 * 1024;
/// How long the thread lets lines gather, so that it is not woken for every one.
const GATHER: Duration = Duration::from_millis(20);
/// How long the end waits for the last lines.
const LAST: Duration = Duration::from_secs(2);

/// Where lines go.
pub(super) enum Target {
    File(File, PathBuf),
    Sink(Box<dyn Write + Send>),
}

impl Target {
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        Ok(Self::File(append(&path)?, path))
    }

    fn reopen(&mut self) {
        let Self::File(file, path) = self else { return };
        match append(path) {
            Ok(opened) => *file = opened,
            Err(error) => {
                warn!(path = %path.display(), %error, "cannot reopen the access log; going on in the old file");
            }
        }
    }

    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file, _) => file.write_all(lines),
            Self::Sink(sink) => {
                sink.write_all(lines)?;
                sink.flush()
            }
        }
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// The producers' end. Dropped, it waits for what was pushed.
pub(super) struct Writer(Arc<Queue>);

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    /// Told when there is something to do for the thread.
    work: Condvar,
    /// Told when it has done it.
    done: Condvar,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    dropped: u64,
    /// Of these, not yet reported.
    unreported: u64,
    reopen: bool,
    /// Somebody waits: no time to gather.
    hurry: bool,
    closing: bool,
    /// The thread holds lines, or is about to do something else that was asked for.
    busy: bool,
    ended: bool,
}

impl Writer {
    pub(super) fn start(target: Target) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let of_thread = Arc::clone(&queue);
        std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || {
                let _ended = Ended(&of_thread);
                of_thread.run(target);
            })?;
        Ok(Self(queue))
    }

    /// Takes a line with its end, or drops it.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.0.state.lock();
        if state.ended || state.lines.len() + line.len() > CAPACITY {
            state.dropped += 1;
            state.unreported += 1;
            return;
        }
        let wakes = state.lines.is_empty()
            || state.lines.len() < CAPACITY / 2 && state.lines.len() + line.len() >= CAPACITY / 2;
        state.lines.extend_from_slice(line);
        drop(state);
        if wakes {
            self.0.work.notify_one();
        }
    }

    pub(super) fn reopen(&self) {
        self.0.state.lock().reopen = true;
        self.0.work.notify_one();
    }

    pub(super) fn flush(&self, deadline: Duration) -> bool {
        let mut state = self.0.state.lock();
        state.hurry = true;
        self.0.work.notify_one();
        let until = Instant::now() + deadline;
        while !state.is_idle() && !state.ended {
            if self.0.done.wait_until(&mut state, until).timed_out() {
                return state.is_idle();
            }
        }
        state.is_idle()
    }

    pub(super) fn dropped(&self) -> u64 {
        self.0.state.lock().dropped
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.0.state.lock().closing = true;
        if !self.flush(LAST) {
            warn!("the last lines of the access log could not be written");
        }
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.lines.is_empty() && !self.busy && !self.reopen
    }
}

/// However the thread ends, nobody waits for it any more.
struct Ended<'a>(&'a Queue);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.ended = true;
        state.busy = false;
        self.0.done.notify_all();
    }
}

impl Queue {
    fn run(&self, mut target: Target) {
        let mut lines = Vec::new();
        // One complaint for each time that writing begins to fail.
        let mut fails = false;
        loop {
            let (reopen, dropped) = {
                let mut state = self.state.lock();
                if !self.wait(&mut state) {
                    return;
                }
                std::mem::swap(&mut lines, &mut state.lines);
                state.busy = true;
                (
                    std::mem::take(&mut state.reopen),
                    std::mem::take(&mut state.unreported),
                )
            };
            if reopen {
                target.reopen();
                fails = false;
            }
            if dropped > 0 {
                metrics::counter!("laureola_access_log_dropped_total").increment(dropped);
                warn!(
                    lines = dropped,
                    "the access log is slower than the server: lines were dropped"
                );
            }
            if let Err(error) = target.write(&lines) {
                if !std::mem::replace(&mut fails, true) {
                    warn!(%error, "cannot write the access log");
                }
            } else {
                fails = false;
            }
            lines.clear();
            lines.shrink_to(KEPT);
        }
    }

    /// Waits for something to do; false at the end.
    fn wait(&self, state: &mut MutexGuard<'_, State>) -> bool {
        state.busy = false;
        loop {
            if state.is_idle() {
                state.hurry = false;
                self.done.notify_all();
                if state.closing {
                    return false;
                }
                self.work.wait(state);
                continue;
            }
            let at_once = state.hurry || state.closing || state.reopen || state.lines.len() >= CAPACITY / 2;
            if at_once || self.work.wait_for(state, GATHER).timed_out() {
                return true;
            }
        }
    }
}
