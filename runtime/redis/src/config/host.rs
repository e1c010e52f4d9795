//! Where a Redis server is.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use super::address;
use super::shape::HostShape;
use super::tls::Tls;

/// One entry of `hosts`: a server, or a master that Sentinels know, and how to log in there.
///
/// ```
/// use laureola_redis::Host;
///
/// let hosts = [
///     Host::from("redis://user:password@localhost:6379/1"),
///     Host::from(("localhost", 6379)).db(1),
///     Host::unix("/run/redis/redis.sock"),
///     Host::sentinel("mymaster", [("sentinel-1", 26379), ("sentinel-2", 26379)]).password("secret"),
/// ];
/// # let _ = hosts;
/// ```
///
/// URLs are those of redis-py: `redis://[[user]:password@]host[:port][/db]`, `rediss://…` (TLS),
/// `unix://[user@]/path/to/socket`, with the query options `db`, `username`, `password` and its `ssl_…`.
/// One that cannot be used is an error when the layer connects; [`Host::parse`] tells at once.
#[derive(Clone)]
pub struct Host {
    pub(crate) place: Place,
    pub(crate) login: Login,
    pub(crate) tls: Option<Tls>,
}

/// Where to go.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Tcp(String, u16),
    Unix(PathBuf),
    Sentinel(Sentinels),
    /// What was given is no host.
    Nowhere(HostError),
}

/// Sentinels that know a master.
#[derive(Clone, Debug)]
pub(crate) struct Sentinels {
    pub(crate) master_name: String,
    pub(crate) addresses: Vec<(String, u16)>,
    pub(crate) login: Login,
    pub(crate) tls: Option<Tls>,
}

/// As whom, and where to.
#[derive(Clone, Default)]
pub(crate) struct Login {
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) db: i64,
}

/// A text or an entry that does not say where a Redis server is. It never shows a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HostError(pub(crate) String);

impl Host {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`HostError`] says what is wrong with it, and what can be written.
    pub fn parse(url: &str) -> Result<Self, HostError> {
        address::parse(url)?.into_host()
    }

    /// A server behind a UNIX socket.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::at(Place::Unix(path.into()))
    }

    /// The master that these Sentinels, `(host, port)`, call `master_name`. It is looked up
    /// whenever a connection is made, and the Sentinels are asked in turn.
    pub fn sentinel<H: Into<String>>(
        master_name: impl Into<String>,
        sentinels: impl IntoIterator<Item = (H, u16)>,
    ) -> Self {
        let addresses: Vec<_> = sentinels
            .into_iter()
            .map(|(host, port)| (host.into(), port))
            .collect();
        if addresses.is_empty() {
            return Self::at(Place::Nowhere(HostError("sentinels is empty".to_owned())));
        }
        Self::at(Place::Sentinel(Sentinels {
            master_name: master_name.into(),
            addresses,
            login: Login::default(),
            tls: None,
        }))
    }

    /// The database's number. Default 0.
    #[must_use]
    pub fn db(mut self, db: i64) -> Self {
        self.login.db = db;
        self
    }

    /// The user of the server's access list. Default: the server's default user.
    #[must_use]
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.login.username = Some(username.into());
        self
    }

    /// The password. Default none.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.login.password = Some(password.into());
        self
    }

    /// Speaks TLS, with these settings. `rediss://` does so with the defaults.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The user and the password for the Sentinels themselves (`sentinel_kwargs`). Without
    /// effect on a host that is no Sentinel's.
    #[must_use]
    pub fn sentinel_login(mut self, username: Option<&str>, password: &str) -> Self {
        if let Place::Sentinel(sentinels) = &mut self.place {
            sentinels.login.username = username.map(str::to_owned);
            sentinels.login.password = Some(password.to_owned());
        }
        self
    }

    /// Speaks TLS with the Sentinels themselves. Without effect on a host that is no Sentinel's.
    #[must_use]
    pub fn sentinel_tls(mut self, tls: Tls) -> Self {
        if let Place::Sentinel(sentinels) = &mut self.place {
            sentinels.tls = Some(tls);
        }
        self
    }

    pub(crate) fn at(place: Place) -> Self {
        Self {
            place,
            login: Login::default(),
            tls: None,
        }
    }
}

impl Default for Host {
    /// `redis://localhost:6379`.
    fn default() -> Self {
        Self::from(("localhost", 6379))
    }
}

impl From<&str> for Host {
    fn from(url: &str) -> Self {
        Self::parse(url).unwrap_or_else(|error| Self::at(Place::Nowhere(error)))
    }
}

impl From<String> for Host {
    fn from(url: String) -> Self {
        Self::from(url.as_str())
    }
}

impl<H: Into<String>> From<(H, u16)> for Host {
    fn from((host, port): (H, u16)) -> Self {
        Self::at(Place::Tcp(host.into(), port))
    }
}

/// A URL, a pair `[host, port]`, or a map of connection arguments, as channels_redis takes them.
impl<'de> Deserialize<'de> for Host {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let shape = HostShape::deserialize(deserializer)?;
        shape.into_host().map_err(serde::de::Error::custom)
    }
}

/// `redis://host:port/db` or the like, without user and password.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.tls.is_some() { "s" } else { "" };
        let db = self.login.db;
        match &self.place {
            Place::Tcp(host, port) => write!(f, "redis{s}://{}/{db}", joined(host, *port)),
            Place::Unix(path) => write!(f, "unix://{}?db={db}", path.display()),
            Place::Sentinel(sentinels) => write!(f, "{sentinels}"),
            Place::Nowhere(_) => f.write_str("(not usable)"),
        }
    }
}

impl fmt::Display for Sentinels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<_> = self
            .addresses
            .iter()
            .map(|(host, port)| joined(host, *port))
            .collect();
        write!(f, "{} of sentinels {}", self.master_name, places.join(", "))
    }
}

/// `host:port`, with brackets around an IPv6 address.
pub(crate) fn joined(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Nowhere(error) => write!(f, "Host({error})"),
            _ => write!(f, "Host({self})"),
        }
    }
}

/// Without the password.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("db", &self.db)
            .finish()
    }
}
