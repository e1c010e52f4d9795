//! A bar on a terminal; nothing elsewhere.

use std::io::{IsTerminal as _, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How far a run is.
#[derive(Debug)]
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// With `quiet`, or where standard error is no terminal, it shows nothing.
    #[must_use]
    pub fn new(quiet: bool) -> Self {
        if quiet || !stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new(1);
        let style = ProgressStyle::with_template("{prefix:>10} [{bar:30}] {msg}");
        bar.set_style(
            style
                .expect("the template has only keys that are known")
                .progress_chars("=> "),
        );
        bar.enable_steady_tick(Duration::from_millis(250));
        Self(Some(bar))
    }

    /// The next part of the run has begun; it is over at `length`.
    pub fn stage(&self, name: &'static str, length: u64) {
        if let Some(bar) = &self.0 {
            bar.set_prefix(name);
            bar.set_length(length.max(1));
            bar.set_position(0);
            bar.set_message("");
        }
    }

    /// It is at `position`, and `message` says more.
    pub fn at(&self, position: u64, message: impl FnOnce() -> String) {
        if let Some(bar) = &self.0 {
            bar.set_position(position);
            bar.set_message(message());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
