//! What the layers have to say, such as that Redis is away, as records of Python's `logging`.
//!
//! Threads of the layers never attach, so their lines wait here: for an event loop's turn, or for the next call of a
//! layer's, whichever comes first. In the server's process its own log has them, and this stays empty.
//!
//! A fork's journal is its own, but the [scribe](Scribe) is its parent's: a second one would have to be registered with
//! tracing, whose lock a thread of the parent's may have held, and which no one gives back then.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use pyo3::prelude::*;
use tracing::field::{Field, Visit};
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing::{Dispatch, Level, Metadata, Subscriber, span};

use super::event_loop::Wakeup;

/// How many lines wait; then the oldest is dropped.
const WAITING: usize = 100;

/// The name of the logger.
const LOGGER: &str = "laureola.layers";

/// Made by attached threads only, one at a time, and none forks meanwhile.
static SCRIBE: OnceLock<Dispatch> = OnceLock::new();

thread_local! {
    /// Where the scribe writes what happens in this thread.
    static JOURNAL: RefCell<Option<Arc<Journal>>> = const { RefCell::new(None) };
    static GUARD: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
}

/// The lines of one process.
#[derive(Debug)]
pub(super) struct Journal {
    /// `None` where the process has a log.
    scribe: Option<&'static Dispatch>,
    lines: Mutex<VecDeque<(Level, String)>>,
    news: AtomicBool,
    loops: Mutex<Vec<Weak<Wakeup>>>,
}

impl Journal {
    /// This process's. Stays empty where it has a log already.
    pub(super) fn new(_attached: Python<'_>) -> Arc<Self> {
        // Not tracing's `has_been_set`, which a journal of the parent's would have set, too.
        let has_log = !tracing::dispatcher::get_default(|log| log.is::<NoSubscriber>());
        Arc::new(Self {
            scribe: (!has_log).then(|| SCRIBE.get_or_init(|| Dispatch::new(Scribe))),
            lines: Mutex::default(),
            news: AtomicBool::new(false),
            loops: Mutex::default(),
        })
    }

    /// What happens in this thread is written here, unless the process has a log, as long as it holds what is returned.
    ///
    /// Nothing of a layer may be done outside of it: tracing asks only the first thread that comes to a line of the log
    /// whether anybody wants it.
    #[must_use]
    pub(super) fn listen(self: &Arc<Self>) -> Option<DefaultGuard> {
        let scribe = self.scribe?;
        JOURNAL.with_borrow_mut(|known| {
            if !known.as_ref().is_some_and(|known| Arc::ptr_eq(known, self)) {
                *known = Some(Arc::clone(self));
            }
        });
        Some(tracing::dispatcher::set_default(scribe))
    }

    /// The same for a thread of the layers, which calls it first, until its end.
    pub(super) fn open(self: &Arc<Self>) {
        let guard = self.listen();
        GUARD.with_borrow_mut(|mine| *mine = guard);
    }

    /// Wakes this loop from now on when there is something to tell.
    pub(super) fn enlist(&self, wakeup: &Arc<Wakeup>) {
        let mut loops = self.loops.lock();
        loops.retain(|wakeup| wakeup.strong_count() > 0);
        loops.push(Arc::downgrade(wakeup));
    }

    fn write(self: &Arc<Self>, level: Level, line: String) {
        {
            let mut lines = self.lines.lock();
            if lines.len() == WAITING {
                lines.pop_front();
            }
            lines.push_back((level, line));
        }
        // Each loop is told, until somebody has read it all.
        if !self.news.swap(true, Ordering::AcqRel) {
            for wakeup in self.loops.lock().iter().filter_map(Weak::upgrade) {
                wakeup.written(self);
            }
        }
    }

    /// Tells Python's `logging` what waits. Cheap where nothing does. No lock is held meanwhile.
    pub(super) fn tell(&self, py: Python<'_>) {
        if !self.news.load(Ordering::Relaxed) || !self.news.swap(false, Ordering::AcqRel) {
            return;
        }
        let lines = std::mem::take(&mut *self.lines.lock());
        let told = || {
            let logger = py.import("logging")?.call_method1("getLogger", (LOGGER,))?;
            for (level, line) in lines {
                logger.call_method1("log", (number(level), "%s", line))?;
            }
            Ok(())
        };
        if let Err(error) = told() {
            PyErr::write_unraisable(error, py, None);
        }
    }
}

/// A level as `logging` has it.
fn number(level: Level) -> u8 {
    match level {
        Level::ERROR => 40,
        Level::WARN => 30,
        _ => 20,
    }
}

/// Writes events into the journal of the thread that they happen in.
struct Scribe;

impl Subscriber for Scribe {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::INFO && metadata.target().starts_with("laureola")
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(tracing::level_filters::LevelFilter::INFO)
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let Some(journal) = JOURNAL.with_borrow(Clone::clone) else {
            return;
        };
        let mut line = Line::default();
        event.record(&mut line);
        journal.write(*event.metadata().level(), line.text());
    }

    // Of spans there are none here.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// An event's message, and its fields behind it in brackets.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Line {
    fn text(self) -> String {
        if self.fields.is_empty() {
            return self.message;
        }
        format!("{} ({})", self.message, self.fields)
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            let comma = if self.fields.is_empty() { "" } else { ", " };
            write!(self.fields, "{comma}{}={value:?}", field.name())
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }
}
