//! One step of a task: a heading before, the time it took behind.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::command::{Cmd, Output};

/// A one-line heading on stderr.
pub(crate) fn heading(title: &str) {
    eprintln!("\n=== {title}");
}

/// Runs `work` under a one-line heading on stderr and reports how long it took.
pub(crate) fn step<T>(title: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    heading(title);
    let begin = Instant::now();
    let result = work();
    let outcome = if result.is_ok() { "done" } else { "failed" };
    eprintln!("=== {title}: {outcome} in {:.1} s", begin.elapsed().as_secs_f64());
    result
}

/// Runs a command whose own output is noise: a spinner on a terminal, plain lines elsewhere.
///
/// # Errors
/// The command's whole output, if it cannot start or ends with another status than 0.
pub(crate) fn quiet(what: &str, command: Cmd) -> Result<()> {
    let begin = Instant::now();
    let spinner = std::io::stderr().is_terminal().then(|| spinner(what));
    if spinner.is_none() {
        eprintln!("  {what} …");
    }
    let result = command.capture();
    if let Some(spinner) = spinner {
        spinner.finish_and_clear();
    }
    let Output { status, text } = result?;
    if !status.success() {
        bail!("{what}: failed with {status}\n{}", text.trim_end());
    }
    eprintln!("  {what}: {:.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}

fn spinner(what: &str) -> ProgressBar {
    let style =
        ProgressStyle::with_template("  {spinner} {msg} ({elapsed})").expect("the template is well-formed");
    let bar = ProgressBar::new_spinner()
        .with_style(style)
        .with_message(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
