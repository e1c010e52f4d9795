//! Chromium and the driver that speaks WebDriver to it.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::debian;
use crate::command::on_path;

/// A browser and the driver of the same version.
pub(super) struct Browser {
    pub(super) chromium: PathBuf,
    pub(super) chromedriver: PathBuf,
}

/// Finds both, or installs Debian's packages.
pub(super) fn bring_in() -> Result<Browser> {
    if let Some(browser) = find() {
        return Ok(browser);
    }
    debian::install(
        &["chromium", "chromium-driver"],
        "Chromium with its WebDriver (for the browser test)",
    )?;
    match find() {
        Some(browser) => Ok(browser),
        None => bail!("chromium and chromedriver are still not on PATH after their packages were installed"),
    }
}

fn find() -> Option<Browser> {
    let chosen = |variable: &str, names: &[&str]| {
        std::env::var_os(variable)
            .map(PathBuf::from)
            .or_else(|| on_path(names))
    };
    Some(Browser {
        chromium: chosen(
            "LAUREOLA_TEST_CHROMIUM",
            &["chromium", "chromium-browser", "google-chrome"],
        )?,
        chromedriver: chosen("LAUREOLA_TEST_CHROMEDRIVER", &["chromedriver"])?,
    })
}
