//! Where the checkout and its caches are.

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies one level below the workspace root")
}

/// Where the peers of the tests are kept, so that `cargo clean` removes them too.
pub(crate) fn peers_dir() -> PathBuf {
    root().join("target/peers")
}
