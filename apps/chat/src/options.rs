//! What can be set about the chat.

use std::fmt;
use std::time::Duration;

use laureola_django::session::Expiry;

use crate::history::Keep;
use crate::limits::Limits;

/// The chat's settings.
///
/// ```
/// use laureola_chat::ChatOptions;
///
/// let options = ChatOptions {
///     database_url: "postgres://chat@db/chat".to_owned(),
///     secret_key: Some("of the Django site that has the same database".to_owned()),
///     ..ChatOptions::default()
/// };
/// # assert_eq!(options.layer_prefix, "asgi");
/// ```
#[derive(Clone, PartialEq)]
pub struct ChatOptions {
    /// Where users, sessions, rooms and messages are: `sqlite://path` or `postgres://…`. Default `sqlite://chat.sqlite3`.
    pub database_url: String,
    /// Django's `SECRET_KEY`. Without one, one is made and kept beside the SQLite file, as `chat.secret` beside
    /// `chat.sqlite3`; several servers on one PostgreSQL have to be given the same.
    pub secret_key: Option<String>,
    /// Django's `SECRET_KEY_FALLBACKS`.
    pub secret_key_fallbacks: Vec<String>,
    /// The Redis that the servers of the chat share what was said last in, and who is there. Default: none, each server
    /// keeps it in its memory.
    pub redis_url: Option<String>,
    /// What the keys in Redis begin with. Default `asgi`, as the channel layer's.
    pub layer_prefix: String,
    /// How much of a room is kept in Redis or in memory.
    pub keep: Keep,
    /// How much people may send.
    pub limits: Limits,
    /// Origins besides the site's own that forms and sockets may come from, each with its scheme;
    /// `https://*.example.com` stands for all subdomains. Default: none.
    pub allowed_origins: Vec<String>,
    /// How long a socket may go on being used before somebody looks whether its session still counts. Default a minute.
    pub session_check: Duration,
    /// How long logins last.
    pub session_expiry: Expiry,
}

impl Default for ChatOptions {
    fn default() -> Self {
        Self {
            database_url: "sqlite://chat.sqlite3".to_owned(),
            secret_key: None,
            secret_key_fallbacks: Vec::new(),
            redis_url: None,
            layer_prefix: "asgi".to_owned(),
            keep: Keep::default(),
            limits: Limits::default(),
            allowed_origins: Vec::new(),
            session_check: Duration::from_secs(60),
            session_expiry: Expiry::default(),
        }
    }
}

/// Without what holds passwords and secrets.
impl fmt::Debug for ChatOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatOptions")
            .field("keep", &self.keep)
            .field("limits", &self.limits)
            .field("allowed_origins", &self.allowed_origins)
            .finish_non_exhaustive()
    }
}
