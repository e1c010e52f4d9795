//! Debian packages, for the peers that neither cargo nor pip can bring.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::command::{Cmd, on_path};
use crate::step::quiet;

/// Installs `packages` if we are root on a Debian system; otherwise says which command the user has to run.
pub(super) fn install(packages: &[&str], what_for: &str) -> Result<()> {
    let hint = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if !Path::new("/etc/debian_version").exists() || on_path(&["apt-get"]).is_none() {
        bail!("{what_for} is missing: install it with your system's package manager (on Debian: `{hint}`)");
    }
    if Cmd::new("id").arg("-u").probe().as_deref() != Some("0") {
        bail!("{what_for} is missing: run `{hint}` as root, then this command again");
    }
    let apt = || Cmd::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive");
    quiet("apt-get update", apt().arg("update"))
        .and_then(|()| {
            let title = format!("apt-get install {}", packages.join(" "));
            quiet(
                &title,
                apt()
                    .args(["install", "-y", "--no-install-recommends"])
                    .args(packages),
            )
        })
        .with_context(|| format!("{what_for} is missing and `{hint}` failed"))
}
