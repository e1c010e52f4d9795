//! What an operator does to a chat's database, whether or not a server runs on it.

use std::time::{Duration, UNIX_EPOCH};

use laureola_django::auth::{NewUser, UserTable, Users};
use laureola_django::database::DatabaseError;
use laureola_django::hashers::{Busy, PasswordPool, Passwords};
use laureola_django::validators;
use serde::Serialize;

use crate::store::messages::Page;
use crate::store::{Room, RoomError, Store, StoreError};

/// Messages that are read at once.
const PAGE: u32 = 500;

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManageError {
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The name or password will not do; Django's words.
    #[error("{0}")]
    Invalid(String),
    /// The password cannot be hashed.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The room cannot be created.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// No room has the slug.
    #[error("there is no room {0:?}")]
    NoRoom(String),
}

/// A message of an export.
#[derive(Debug, Serialize)]
pub struct Exported {
    /// The primary key.
    pub id: i64,
    /// The author's name.
    pub username: String,
    /// The text.
    pub message: String,
    /// Seconds since 1970.
    pub at: f64,
}

/// A chat's database, opened for an operator.
#[derive(Debug)]
pub struct Management {
    store: Store,
    users: Users,
    passwords: PasswordPool,
}

impl Management {
    /// Opens the database, and makes its tables where it is empty.
    ///
    /// # Errors
    /// [`ManageError::Store`].
    pub async fn open(database_url: &str) -> Result<Self, ManageError> {
        let store = Store::open(database_url).await?;
        Ok(Self {
            users: Users::new(store.database().clone(), UserTable::default()),
            passwords: PasswordPool::new(Passwords::default()),
            store,
        })
    }

    /// Creates a user, one with every permission where `is_superuser`, under the rules of the signup page.
    ///
    /// # Errors
    /// [`ManageError::Invalid`], or the database's.
    pub async fn create_user(
        &self,
        username: &str,
        password: &str,
        is_superuser: bool,
    ) -> Result<(), ManageError> {
        let mut errors: Vec<_> = validators::username_error(username).into_iter().collect();
        errors.extend(validators::password_errors(password, username, ""));
        if !errors.is_empty() {
            return Err(ManageError::Invalid(errors.join(" ")));
        }
        let taken = || ManageError::Invalid("A user with that username already exists.".to_owned());
        if self.users.is_taken(username).await? {
            return Err(taken());
        }
        let encoded = self.passwords.make(password).await?;
        let user = NewUser {
            username,
            password: &encoded,
            email: "",
            is_superuser,
        };
        self.users.create(user).await?.map(|_| ()).ok_or_else(taken)
    }

    /// Creates a room; without a slug it gets one made of its name. Servers that run show it at once; guests who are in
    /// the open room of that name stay there until they come back.
    ///
    /// # Errors
    /// [`ManageError::Room`].
    pub async fn create_room(&self, name: &str, slug: Option<&str>) -> Result<Room, ManageError> {
        Ok(self.store.create_room(name, slug).await?)
    }

    /// The next page of a room's messages behind the message `after` (0: from the first on), oldest first; an empty one
    /// is the end.
    ///
    /// # Errors
    /// [`ManageError::NoRoom`], or the database's.
    pub async fn export(&self, slug: &str, after: i64) -> Result<Vec<Exported>, ManageError> {
        let room = self.store.room(slug).await?;
        let room = room.ok_or_else(|| ManageError::NoRoom(slug.to_owned()))?;
        let page = self.store.messages(room.id, Page::After(after), PAGE).await?;
        let exported = page.into_iter().map(|message| Exported {
            id: message.id,
            username: message.username,
            message: message.content,
            at: message
                .at
                .duration_since(UNIX_EPOCH)
                .unwrap_or(Duration::ZERO)
                .as_secs_f64(),
        });
        Ok(exported.collect())
    }

    /// Closes the database.
    pub async fn close(self) {
        self.store.close().await;
    }
}
