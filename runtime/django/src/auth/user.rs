//! A user of a Django site.

use std::fmt;

/// A row of the users' table (Django: `AbstractUser`). `Debug` leaves the password out.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// The primary key.
    pub id: i64,
    /// What they log in with.
    pub username: String,
    password: String,
    /// Whether they may log in.
    pub is_active: bool,
    /// Whether they may use the admin's pages.
    pub is_staff: bool,
    /// Whether they have every permission.
    pub is_superuser: bool,
}

impl User {
    /// A user; `password` as it is stored.
    pub fn new(id: i64, username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            id,
            username: username.into(),
            password: password.into(),
            is_active: true,
            is_staff: false,
            is_superuser: false,
        }
    }

    /// The stored password: algorithm, salt and hash.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    pub(crate) fn replace_password(&mut self, encoded: String) {
        self.password = encoded;
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("id", &self.id)
            .field("username", &self.username)
            .field("is_active", &self.is_active)
            .field("is_staff", &self.is_staff)
            .field("is_superuser", &self.is_superuser)
            .finish_non_exhaustive()
    }
}
