//! What the layers have to say, such as that Redis is away, as records of Python's `logging`.
//!
//! Threads of the layers never attach, so their lines wait here: for an event loop's turn, or for the next call of a
//! layer's, whichever comes first. In the server's process its own log has them, and this stays empty.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use pyo3::prelude::*;
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Level, Metadata, Subscriber, span};

use super::event_loop::Wakeup;

/// How many lines wait; then the oldest is dropped.
const WAITING: usize = 100;

/// The name of the logger.
const LOGGER: &str = "laureola.layers";

thread_local! {
    static GUARD: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
}

/// The lines of one process.
#[derive(Debug, Default)]
pub(super) struct Journal {
    lines: Mutex<VecDeque<(Level, String)>>,
    news: AtomicBool,
    loops: Mutex<Vec<Weak<Wakeup>>>,
}

impl Journal {
    /// What a thread of the layers calls first: what happens in it is written here, unless the process has a log.
    pub(super) fn open(self: &Arc<Self>) {
        if !tracing::dispatcher::has_been_set() {
            let scribe = Dispatch::new(Scribe(Arc::clone(self)));
            let guard = tracing::dispatcher::set_default(&scribe);
            GUARD.with_borrow_mut(|mine| *mine = Some(guard));
        }
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

/// Writes events into a journal.
struct Scribe(Arc<Journal>);

impl Subscriber for Scribe {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= Level::INFO && metadata.target().starts_with("laureola")
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(tracing::level_filters::LevelFilter::INFO)
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        self.0.write(*event.metadata().level(), line.text());
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
