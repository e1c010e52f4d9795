//! `cargo xtask package`: every crate that will be published packages.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command::Cmd;

/// Arguments of `cargo xtask package`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Also build each package from its archive, as `cargo publish` does (slow).
    #[arg(long)]
    verify: bool,
    /// Package with uncommitted changes.
    #[arg(long)]
    allow_dirty: bool,
}

/// Packages them all at once: cargo then resolves the crates of the workspace among themselves.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut cargo = Cmd::cargo().arg("package");
    for name in published()? {
        cargo = cargo.args(["--package", &name]);
    }
    if !args.verify {
        cargo = cargo.arg("--no-verify");
    }
    if args.allow_dirty {
        cargo = cargo.arg("--allow-dirty");
    }
    cargo.run()
}

/// The workspace's crates without `publish = false`.
fn published() -> Result<Vec<String>> {
    let text = Cmd::cargo()
        .args(["metadata", "--format-version=1", "--no-deps"])
        .probe()
        .context("`cargo metadata` failed")?;
    let metadata: Value = serde_json::from_str(&text).context("`cargo metadata` did not print JSON")?;
    let packages = metadata["packages"]
        .as_array()
        .context("`cargo metadata` lists no packages")?;
    let is_published = |package: &&Value| package["publish"].is_null();
    Ok(packages
        .iter()
        .filter(is_published)
        .filter_map(|package| package["name"].as_str().map(str::to_owned))
        .collect())
}
