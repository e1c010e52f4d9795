//! `cargo xtask ci`: the script that decides is `.ci/run`; this only makes it easy to find.

use anyhow::Result;

use crate::command::Cmd;

/// Runs `.ci/run`.
pub(crate) fn run() -> Result<()> {
    Cmd::new("bash").arg(".ci/run").run()
}
