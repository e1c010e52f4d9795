//! Where the checkout and its caches are.

use std::path::PathBuf;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    // `cargo run` says where the checkout is now; it may have moved since this was compiled.
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    PathBuf::from(xtask)
        .parent()
        .expect("xtask lies one level below the workspace root")
        .to_owned()
}

/// Where the peers of the tests are kept, so that `cargo clean` removes them too.
pub(crate) fn peers_dir() -> PathBuf {
    root().join("target/peers")
}
