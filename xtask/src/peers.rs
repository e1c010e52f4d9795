//! What the tests talk to and the repository does not hold: Python packages, a Redis-compatible server, a browser.
//!
//! Everything that is fetched lands in `target/peers`; a stamp makes the second run free.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace;

mod browser;
mod curl;
mod debian;
mod django_4_2;
mod postgres;
mod python;
mod redis_server;
mod tls_redis;

/// Where each peer is.
pub(crate) struct Peers {
    python: PathBuf,
    django_4_2: PathBuf,
    postgres: PathBuf,
    redis_server: PathBuf,
    tls_redis: PathBuf,
    chromium: PathBuf,
    chromedriver: PathBuf,
    curl: PathBuf,
}

impl Peers {
    /// Finds every peer, or brings it in; an error names the first that is missing and what to do about it.
    pub(crate) fn bring_in() -> Result<Self> {
        let dir = workspace::peers_dir();
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        // Two terminals may ask at once; the second waits, then finds everything there.
        let lock = File::create(dir.join("lock")).context("cannot create the lock of target/peers")?;
        lock.lock().context("cannot lock target/peers")?;

        let python = python::bring_in(&dir)?;
        let django_4_2 = django_4_2::bring_in(&dir, &python)?;
        let postgres = postgres::bring_in()?;
        let redis_server = redis_server::find(&python)?;
        let tls_redis = tls_redis::bring_in(&dir, &redis_server)?;
        let browser = browser::bring_in()?;
        let curl = curl::bring_in()?;
        let peers = Self {
            python,
            django_4_2,
            postgres,
            redis_server,
            tls_redis,
            chromium: browser.chromium,
            chromedriver: browser.chromedriver,
            curl,
        };
        for (name, path) in peers.variables() {
            eprintln!("  {name}={}", path.display());
        }
        Ok(peers)
    }

    /// The interpreter of the virtual environment with the Python peers.
    pub(crate) fn python(&self) -> &Path {
        &self.python
    }

    /// The Redis-compatible server.
    pub(crate) fn redis_server(&self) -> &Path {
        &self.redis_server
    }

    /// The environment that tells the tests (`laureola-testkit`) where the peers are.
    pub(crate) fn variables(&self) -> [(&'static str, PathBuf); 8] {
        [
            ("LAUREOLA_TEST_PYTHON", self.python.clone()),
            ("LAUREOLA_TEST_DJANGO_4_2", self.django_4_2.clone()),
            ("LAUREOLA_TEST_POSTGRES", self.postgres.clone()),
            ("LAUREOLA_TEST_REDIS_BIN", self.redis_server.clone()),
            ("LAUREOLA_TEST_TLS_REDIS_BIN", self.tls_redis.clone()),
            ("LAUREOLA_TEST_CHROMIUM", self.chromium.clone()),
            ("LAUREOLA_TEST_CHROMEDRIVER", self.chromedriver.clone()),
            ("LAUREOLA_TEST_CURL", self.curl.clone()),
        ]
    }
}
