//! The virtual environment with the Python peers, at `target/peers/venv`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::debian;
use crate::command::{Cmd, on_path};
use crate::step::quiet;
use crate::workspace;

/// Pinned packages: the site's own, then those only the tests need.
const REQUIREMENTS: [&str; 2] = [
    "examples/django_project/requirements.txt",
    "xtask/peers-requirements.txt",
];

/// `python3` first: the one the user chose. 3.11 is the oldest that every pinned package supports.
const INTERPRETERS: [&str; 5] = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];

/// Makes or updates the environment below `dir` and returns its interpreter.
pub(super) fn bring_in(dir: &Path) -> Result<PathBuf> {
    let venv = dir.join("venv");
    let stamp = dir.join("venv.stamp");
    let python = venv.join("bin/python");
    let wanted = stamp_text(&venv)?;
    // The environment may have been made by an interpreter that is gone by now: ask it, too.
    let works = Cmd::new(&python).args(["-c", ""]).probe().is_some();
    if works && fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(python);
    }
    if !works {
        let base = interpreter()?;
        let make = Cmd::new(&base).args(["-m", "venv", "--clear"]).arg(&venv);
        quiet(&format!("virtual environment from {}", base.display()), make)?;
    }
    let mut pip = Cmd::new(&python).args(["-m", "pip", "install", "--disable-pip-version-check"]);
    for file in REQUIREMENTS {
        pip = pip.args(["-r", file]);
    }
    quiet("pip install of the Python peers", pip)?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}

/// The stamp holds the place and the requirements themselves: no hash to trust, and `diff` shows what changed.
/// The place is part of it because a virtual environment that was moved no longer works.
fn stamp_text(venv: &Path) -> Result<String> {
    let mut text = format!("{}\n", venv.display());
    for file in REQUIREMENTS {
        let path = workspace::root().join(file);
        text += &fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    Ok(text)
}

fn interpreter() -> Result<PathBuf> {
    let new_enough: Vec<PathBuf> = INTERPRETERS
        .iter()
        .filter_map(|name| on_path(&[name]))
        .filter(|python| is_new_enough(python))
        .collect();
    if let Some(python) = new_enough.iter().find(|python| can_make_venv(python)) {
        return Ok(python.clone());
    }
    let Some(python) = new_enough.into_iter().next() else {
        bail!(
            "no Python 3.11 or newer on PATH: install it (on Debian: `apt-get install python3 python3-venv`)"
        );
    };
    debian::install(&["python3-venv"], "Python's `venv` with `ensurepip`")?;
    if !can_make_venv(&python) {
        bail!(
            "{} still has no `ensurepip`: install the venv package of that very Python",
            python.display()
        );
    }
    Ok(python)
}

fn is_new_enough(python: &Path) -> bool {
    let check = "import sys; sys.exit(sys.version_info < (3, 11))";
    Cmd::new(python).args(["-c", check]).probe().is_some()
}

fn can_make_venv(python: &Path) -> bool {
    Cmd::new(python)
        .args(["-c", "import ensurepip, venv"])
        .probe()
        .is_some()
}
