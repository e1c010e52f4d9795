//! A wheel is looked at and tried before anybody gets it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::SOURCES;
use crate::command::Cmd;
use crate::peers::Peers;
use crate::step::quiet;
use crate::workspace;

/// What pip would not tell anybody is missing, beside the package itself.
const METADATA: [&str; 4] = ["METADATA", "entry_points.txt", "LICENSE-APACHE", "LICENSE-MIT"];

/// Checks the only wheel in `dir`, which it returns: its tag, what is in it, and, in a new virtual environment at `venv`,
/// that it serves.
pub(super) fn verify(dir: &Path, venv: &Path, peers: &Peers) -> Result<PathBuf> {
    let wheel = only_wheel(dir)?;
    let name = wheel
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    ensure!(
        name.contains("-cp310-abi3-manylinux_"),
        "{name} is not for every CPython from 3.10 on and every Linux with a libc as old as ours"
    );
    check_contents(&wheel, peers)?;
    let make = Cmd::new(peers.python()).args(["-m", "venv", "--clear"]).arg(venv);
    quiet("a new virtual environment", make)?;
    let python = venv.join("bin/python");
    let pip = Cmd::new(&python).args([
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-index",
    ]);
    quiet("pip install of the wheel", pip.arg(&wheel))?;
    let trial = Cmd::new(&python).args(["-I", "-c", include_str!("trial.py")]);
    quiet("trial of the wheel", trial)?;
    Ok(wheel)
}

fn only_wheel(dir: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let wheels: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .collect();
    match &*wheels {
        [wheel] => Ok(wheel.clone()),
        others => bail!(
            "{} wheels in {} where one is expected",
            others.len(),
            dir.display()
        ),
    }
}

/// Every file of the package is there, with the module, stripped, and the metadata; and nothing else.
fn check_contents(wheel: &Path, peers: &Peers) -> Result<()> {
    let list = Cmd::new(peers.python())
        .args(["-c", include_str!("contents.py")])
        .arg(wheel)
        .capture()?;
    ensure!(
        list.status.success(),
        "{}: {}",
        wheel.display(),
        list.text.trim_end()
    );
    let (metadata, package): (BTreeSet<_>, BTreeSet<_>) = list
        .text
        .lines()
        .map(str::to_owned)
        .partition(|name| name.contains(".dist-info/"));
    let mut wanted = BTreeSet::from(["laureola/_laureola.abi3.so".to_owned()]);
    let sources = workspace::root().join(SOURCES).join("python");
    files(&sources, &sources.join("laureola"), &mut wanted)?;
    let difference: Vec<_> = package.symmetric_difference(&wanted).collect();
    ensure!(
        difference.is_empty(),
        "the package and the wheel differ by {difference:?}"
    );
    for file in METADATA {
        let is_there = metadata.iter().any(|name| name.rsplit('/').next() == Some(file));
        ensure!(is_there, "{file} is not in the wheel: {metadata:?}");
    }
    Ok(())
}

/// The names below `dir`, from `root` on, without what Python leaves there.
fn files(root: &Path, dir: &Path, names: &mut BTreeSet<String>) -> Result<()> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    for entry in entries {
        let path = entry
            .with_context(|| format!("cannot read {}", dir.display()))?
            .path();
        if path.is_dir() && !path.ends_with("__pycache__") {
            files(root, &path, names)?;
        } else if path.is_file() {
            let name = path.strip_prefix(root).context("a file of the package")?;
            names.insert(name.to_string_lossy().into_owned());
        }
    }
    Ok(())
}
