//! The database of accounts, rooms and messages: a Django site's own, or one of ours that a Django site may take over.
//!
//! # Layout
//! - this file: [`Store`], and which databases it takes
//! - [`rooms`]: the table `room_room`
//! - [`messages`]: the table `room_message`

pub mod messages;
pub mod rooms;

use laureola_django::Database;
use laureola_django::database::DatabaseError;
use laureola_django::schema::{self, Tables};

pub use messages::{NewMessage, StoredMessage};
pub use rooms::{Room, RoomError};

/// The tables of the Django app `room`.
const ROOM_TABLES: Tables = Tables {
    sqlite: include_str!("../migrations/sqlite.sql"),
    postgres: include_str!("../migrations/postgres.sql"),
};

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be opened or asked.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// It is a Django site's, without the tables of ours.
    #[error(
        "the database has users but no table {0}: add an app `room` with the models Room and Message to the Django site \
         and run `manage.py migrate`, or name another database"
    )]
    MissingTable(&'static str),
    /// There are no users yet, so it is nobody's.
    #[error("the database is empty")]
    Empty,
}

/// Accounts, rooms and messages. Clones share the database.
#[derive(Clone, Debug)]
pub struct Store {
    database: Database,
}

impl Store {
    /// Opens `sqlite://path` or `postgres://…`. An empty database gets its tables; one of a Django site is used as it is, and
    /// never altered.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let database = Database::open(url).await?;
        schema::prepare(&database, ROOM_TABLES).await?;
        Self::with_tables(database).await
    }

    /// The same for a database that has its tables: an empty one stays so.
    ///
    /// # Errors
    /// [`StoreError::Empty`], or another.
    pub async fn open_existing(url: &str) -> Result<Self, StoreError> {
        let database = Database::open(url).await?;
        if !schema::has_table(&database, "auth_user").await? {
            return Err(StoreError::Empty);
        }
        Self::with_tables(database).await
    }

    async fn with_tables(database: Database) -> Result<Self, StoreError> {
        for table in ["room_room", "room_message", "django_session"] {
            if !schema::has_table(&database, table).await? {
                return Err(StoreError::MissingTable(table));
            }
        }
        Ok(Self { database })
    }

    /// By how much the key of a message may be less than that of one that was stored, and heard, before it. SQLite stores
    /// in the order of its keys, and two servers tell of it in almost that order; in PostgreSQL two batches may overlap.
    #[must_use]
    pub fn overlap(&self) -> i64 {
        match &self.database {
            Database::Sqlite(_) => 20,
            _ => 256,
        }
    }

    /// The database, for users and sessions.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Closes the database, once what is under way is done.
    pub async fn close(&self) {
        self.database.close().await;
    }
}

/// Runs `$statement` with `$bind` on whatever the database is: `$read` or `$write` names SQLite's pool. The numbered
/// parameters `$1` mean the same to both.
macro_rules! on {
    ($database:expr, $pool:ident, |$executor:ident| $query:expr) => {
        match $database {
            laureola_django::Database::Sqlite(pools) => {
                let $executor = &pools.$pool;
                $query
            }
            laureola_django::Database::Postgres(pool) => {
                let $executor = pool;
                $query
            }
            _ => unreachable!("the chat is built with both databases"),
        }
    };
}
pub(crate) use on;
