//! The older Django, which judges beside the one of the virtual environment.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::Cmd;
use crate::step::quiet;

const REQUIREMENT: &str = "Django==4.2.30";

/// Installs it into a directory of its own below `dir`, for `PYTHONPATH`, and returns that.
pub(super) fn bring_in(dir: &Path, python: &Path) -> Result<PathBuf> {
    let place = dir.join("django-4.2");
    let stamp = dir.join("django-4.2.stamp");
    if place.join("django").is_dir() && fs::read_to_string(&stamp).is_ok_and(|have| have == REQUIREMENT) {
        return Ok(place);
    }
    if place.exists() {
        fs::remove_dir_all(&place).with_context(|| format!("cannot remove {}", place.display()))?;
    }
    // Its dependencies are those of the newer Django, which the environment has.
    let pip = Cmd::new(python)
        .args([
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            "--no-deps",
            "--target",
        ])
        .arg(&place)
        .arg(REQUIREMENT);
    quiet("pip install of Django 4.2", pip)?;
    fs::write(&stamp, REQUIREMENT).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(place)
}
