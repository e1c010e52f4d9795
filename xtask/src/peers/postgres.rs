//! PostgreSQL's programs: `initdb`, `postgres`, `psql`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::debian;
use crate::command::on_path;

/// Where Debian has them, a directory for each version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// `$LAUREOLA_TEST_POSTGRES`, else the directory of the `initdb` on `PATH`, else the newest of Debian's, which is installed if
/// there is none.
pub(super) fn bring_in() -> Result<PathBuf> {
    if let Some(told) = std::env::var_os("LAUREOLA_TEST_POSTGRES").map(PathBuf::from) {
        if !is_complete(&told) {
            bail!(
                "$LAUREOLA_TEST_POSTGRES is {}, which has no initdb, postgres and psql",
                told.display()
            );
        }
        return Ok(told);
    }
    if let Some(found) = find() {
        return Ok(found);
    }
    debian::install(
        &["postgresql"],
        "PostgreSQL (the tests start servers of their own)",
    )?;
    match find() {
        Some(found) => Ok(found),
        None => bail!("Debian's postgresql has no initdb below {DEBIAN}: set $LAUREOLA_TEST_POSTGRES"),
    }
}

fn find() -> Option<PathBuf> {
    // On PATH there is often a link to initdb alone.
    let linked =
        on_path(&["initdb"]).and_then(|initdb| Some(initdb.canonicalize().ok()?.parent()?.to_owned()));
    linked.filter(|bin| is_complete(bin)).or_else(|| {
        let versions = fs::read_dir(DEBIAN)
            .ok()?
            .flatten()
            .map(|entry| entry.path().join("bin"));
        versions.filter(|bin| is_complete(bin)).max()
    })
}

fn is_complete(bin: &Path) -> bool {
    ["initdb", "postgres", "psql", "pg_isready"]
        .iter()
        .all(|name| bin.join(name).is_file())
}
