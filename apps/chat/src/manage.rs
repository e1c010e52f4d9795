//! What an operator does to a chat's database, whether or not a server runs on it.
//!
//! # Layout
//! - this file: [`Management`], and how it is opened
//! - [`people`]: users; [`demo`]: some to try the chat with
//! - [`rooms`]: rooms, and which one somebody means; [`export`]: what was said in one
//! - `email`: what is an address; `trouble`: what to do about a database that does not work

pub mod demo;
mod email;
pub mod export;
pub mod people;
pub mod rooms;
mod trouble;

use std::path::PathBuf;

use laureola_django::auth::{UserTable, Users};
use laureola_django::database::DatabaseError;
use laureola_django::hashers::{Busy, PasswordPool, Passwords};

pub use self::export::Exported;
pub use self::people::Person;
use crate::site::open_store;
use crate::store::{RoomError, Store, StoreError};

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManageError {
    /// The database cannot be used, and what to do about it.
    #[error("cannot use the database {place}: {why}")]
    Database {
        /// Which, without its password.
        place: String,
        /// Why, and what to do.
        why: String,
    },
    /// There is no database yet.
    #[error(
        "there is no database {0}: the server makes one when it starts; another is named with --database-url"
    )]
    NoDatabase(String),
    /// The name, address or password will not do; Django's words.
    #[error("{0}")]
    Invalid(String),
    /// Somebody has the name.
    #[error("A user with that username already exists.")]
    Taken,
    /// The password cannot be hashed.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The room cannot be created.
    #[error(transparent)]
    Room(RoomError),
    /// No room has the slug or name; those that have one like it.
    #[error("there is no room {asked:?}{}", rooms::suggestion(similar))]
    NoRoom {
        /// What was asked for.
        asked: String,
        /// Slugs.
        similar: Vec<String>,
    },
    /// Several rooms have the name.
    #[error("several rooms are called {asked:?}: give the slug of one: {}", slugs.join(", "))]
    Ambiguous {
        /// What was asked for.
        asked: String,
        /// Their slugs.
        slugs: Vec<String>,
    },
}

/// A chat's database, opened for an operator.
#[derive(Debug)]
pub struct Management {
    place: String,
    was_made: bool,
    store: Store,
    users: Users,
    passwords: PasswordPool,
}

impl Management {
    /// Opens the database, and makes it, or its tables, where there are none.
    ///
    /// # Errors
    /// [`ManageError::Database`].
    pub async fn open(database_url: &str) -> Result<Self, ManageError> {
        let was_made = file_of(database_url).is_some_and(|file| !file.exists());
        let store = open_store(database_url).await;
        Self::opened(database_url, was_made, store)
    }

    /// Opens the database as it is, to read from it.
    ///
    /// # Errors
    /// [`ManageError::NoDatabase`] where there is none, or one without tables; [`ManageError::Database`].
    pub async fn open_existing(database_url: &str) -> Result<Self, ManageError> {
        let missing = || ManageError::NoDatabase(trouble::place(database_url));
        if file_of(database_url).is_some_and(|file| !file.exists()) {
            return Err(missing());
        }
        match Store::open_existing(database_url).await {
            Err(StoreError::Empty) => Err(missing()),
            opened => Self::opened(database_url, false, opened),
        }
    }

    fn opened(
        database_url: &str,
        was_made: bool,
        store: Result<Store, StoreError>,
    ) -> Result<Self, ManageError> {
        let place = trouble::place(database_url);
        let store = match store {
            Ok(store) => store,
            Err(error) => {
                let why = trouble::why_not_opened(&error);
                return Err(ManageError::Database { place, why });
            }
        };
        Ok(Self {
            place,
            was_made,
            users: Users::new(store.database().clone(), UserTable::default()),
            passwords: PasswordPool::new(Passwords::default()),
            store,
        })
    }

    /// Which database it is: its file, or its URL without user and password.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Whether its file was made when it was opened.
    #[must_use]
    pub fn was_made(&self) -> bool {
        self.was_made
    }

    /// Closes the database.
    pub async fn close(self) {
        self.store.close().await;
    }

    fn failed(&self, error: impl Into<DatabaseError>) -> ManageError {
        ManageError::Database {
            place: self.place.clone(),
            why: trouble::why(&error.into()),
        }
    }
}

/// The file of an SQLite database.
fn file_of(database_url: &str) -> Option<PathBuf> {
    trouble::sqlite(database_url).filter(|file| !file.starts_with(":memory:"))
}
