//! What a running chat has: its database, its Redis, and the tasks that look after both.

use std::sync::Arc;
use std::time::Duration;

use laureola::Layer;
use laureola_django::Secrets;
use laureola_django::auth::{Auth, UserTable, Users};
use laureola_django::csrf::Origins;
use laureola_django::hashers::{PasswordPool, Passwords};
use laureola_django::session::Sessions;
use laureola_django::session::database::DatabaseStore;
use parking_lot::Mutex;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::audience::{Teller, Token};
use crate::history::{History, MemoryHistory, RedisHistory};
use crate::options::ChatOptions;
use crate::presence::Presence;
use crate::secret;
use crate::store::{Store, StoreError};
use crate::watch::Watch;
use crate::writer::{self, Writer};

/// A Redis that does not answer within this time is out of reach.
const REDIS_TIMEOUT: Duration = Duration::from_secs(2);
/// Attempts to open a fresh SQLite file, which another process may be making at the same moment.
const ATTEMPTS: u32 = 5;
/// How often sessions that are over are cleared away.
const CLEAR_INTERVAL: Duration = Duration::from_secs(3600);

/// Why the chat cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SiteError {
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A database that is no file has no place for a key of ours.
    #[error(
        "a chat on PostgreSQL needs a secret key, the same on all servers: give --secret-key or SECRET_KEY"
    )]
    NoSecret,
    /// The file of the secret key cannot be used.
    #[error("the secret key in {file} cannot be used: {reason}")]
    Secret {
        /// The file.
        file: String,
        /// Why.
        reason: std::io::Error,
    },
    /// Redis is out of reach.
    #[error("the chat's Redis cannot be reached: {0}")]
    Redis(#[from] redis::RedisError),
}

/// A running chat. Pages and consumers share it.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) store: Store,
    pub(crate) auth: Auth,
    pub(crate) sessions: Sessions<DatabaseStore>,
    pub(crate) history: History,
    pub(crate) presence: Presence,
    pub(crate) writer: Writer<Token>,
    pub(crate) watch: Watch,
    pub(crate) layer: Layer,
    pub(crate) origins: Origins,
    pub(crate) options: ChatOptions,
    writing: Mutex<Option<writer::Task>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Site {
    /// Opens everything.
    ///
    /// # Errors
    /// [`SiteError`].
    pub(crate) async fn open(options: ChatOptions, layer: Layer) -> Result<Arc<Self>, SiteError> {
        let secrets = secrets(&options)?;
        let store = open_store(&options.database_url).await?;
        let users = Users::new(store.database().clone(), UserTable::default());
        let passwords = PasswordPool::new(Passwords::default());
        let auth = Auth::new(secrets.clone(), users, passwords);
        let sessions = DatabaseStore::new(secrets, store.database().clone());
        let (history, presence) = match &options.redis_url {
            None => (
                History::Memory(MemoryHistory::new(options.keep)),
                Presence::local(),
            ),
            Some(url) => {
                let connection = connect(url).await?;
                let prefix = &options.layer_prefix;
                let history = RedisHistory::new(connection.clone(), prefix, options.keep);
                (
                    History::Redis(history),
                    Presence::shared(connection, prefix, &secret::random()),
                )
            }
        };
        let clearing = tokio::spawn(clear_sessions(sessions.clone()));
        let signs = presence.clone();
        let keeping = tokio::spawn(async move { signs.keep().await });
        let sessions = Sessions::new(sessions, options.session_expiry);
        let (watch, watching) = Watch::start(auth.clone(), sessions.clone());
        let teller = Teller::new(layer.clone(), history.clone());
        let (writer, writing) = Writer::start(store.clone(), teller);
        Ok(Arc::new(Self {
            auth,
            sessions,
            writer,
            watch,
            writing: Mutex::new(Some(writing)),
            history,
            presence,
            layer,
            origins: Origins::new(options.allowed_origins.iter().map(String::as_str)),
            tasks: Mutex::new(vec![clearing, keeping, watching]),
            store,
            options,
        }))
    }

    /// Stores what waits, and closes the database.
    pub(crate) async fn close(&self) {
        for task in self.tasks.lock().drain(..) {
            task.abort();
        }
        let writing = self.writing.lock().take();
        if let Some(writing) = writing {
            writing.close().await;
        }
        self.store.close().await;
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        for task in self.tasks.lock().drain(..) {
            task.abort();
        }
    }
}

/// The secrets a site signs with, and one of its own where it was given none.
pub(crate) fn secrets(options: &ChatOptions) -> Result<Secrets, SiteError> {
    let key = match &options.secret_key {
        Some(key) => key.clone(),
        None => {
            let file = secret::place(&options.database_url).ok_or(SiteError::NoSecret)?;
            secret::read_or_make(&file).map_err(|reason| SiteError::Secret {
                file: file.display().to_string(),
                reason,
            })?
        }
    };
    Ok(Secrets::new(key).with_fallbacks(options.secret_key_fallbacks.iter().map(String::as_str)))
}

/// The database at `url`, even while another process makes it.
pub(crate) async fn open_store(url: &str) -> Result<Store, StoreError> {
    let mut attempt = 1;
    loop {
        match Store::open(url).await {
            Err(error) if attempt < ATTEMPTS && is_locked(&error) => {
                attempt += 1;
                sleep(Duration::from_millis(100)).await;
            }
            done => return done,
        }
    }
}

fn is_locked(error: &StoreError) -> bool {
    error.to_string().contains("database is locked")
}

/// Commands fail soon where Redis is away: nobody in a room may wait for it for long.
async fn connect(url: &str) -> Result<ConnectionManager, redis::RedisError> {
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(REDIS_TIMEOUT))
        .set_response_timeout(Some(REDIS_TIMEOUT))
        .set_number_of_retries(1);
    redis::Client::open(url)?
        .get_connection_manager_with_config(config)
        .await
}

async fn clear_sessions(sessions: DatabaseStore) {
    loop {
        if let Err(error) = sessions.clear_expired().await {
            tracing::warn!("sessions that are over were not cleared away: {error}");
        }
        sleep(CLEAR_INTERVAL).await;
    }
}
