//! curl, with HTTP/2.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::debian;
use crate::command::{Cmd, on_path};

/// Finds it, or installs Debian's package.
pub(super) fn bring_in() -> Result<PathBuf> {
    if let Some(curl) = find() {
        return Ok(curl);
    }
    debian::install(&["curl", "ca-certificates"], "curl with HTTP/2")?;
    match find() {
        Some(curl) => Ok(curl),
        None => bail!("there is still no curl with HTTP/2 on PATH after its package was installed"),
    }
}

fn find() -> Option<PathBuf> {
    let chosen = std::env::var_os("LAUREOLA_TEST_CURL").map(PathBuf::from);
    let curl = chosen.or_else(|| on_path(&["curl"]))?;
    let version = Cmd::new(&curl).arg("--version").probe()?;
    version.contains("HTTP2").then_some(curl)
}
