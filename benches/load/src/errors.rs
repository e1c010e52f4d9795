//! What went wrong, counted by what it was.

use std::collections::BTreeMap;

use thiserror::Error;

/// Why a run came to nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// What was asked for makes no sense, or the machine does not allow it.
    #[error("{0}")]
    Usage(String),
    /// A name that is none.
    #[error(transparent)]
    Target(#[from] crate::target::TargetError),
    /// The loop itself failed.
    #[error("the event loop failed: {0}")]
    Io(#[from] std::io::Error),
    /// Not a single connection came to be.
    #[error("no connection was opened; the first failed with: {0}")]
    NotConnected(String),
}

/// Errors by their text, each with how often it was met.
#[derive(Clone, Debug, Default)]
pub struct Errors(BTreeMap<String, u64>);

impl Errors {
    /// Counts one more.
    pub fn add(&mut self, error: &impl ToString) {
        self.add_many(error, 1);
    }

    /// Counts `count` more.
    pub fn add_many(&mut self, error: &impl ToString, count: u64) {
        if count > 0 {
            *self.0.entry(error.to_string()).or_default() += count;
        }
    }

    /// How many there were.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// The first by the alphabet, for a message.
    #[must_use]
    pub fn any(&self) -> Option<&str> {
        self.0.keys().next().map(String::as_str)
    }

    /// By text.
    #[must_use]
    pub fn by_text(&self) -> &BTreeMap<String, u64> {
        &self.0
    }
}
