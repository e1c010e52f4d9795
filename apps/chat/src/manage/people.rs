//! Users.

use laureola_django::auth::NewUser;
use laureola_django::validators;

use super::{ManageError, Management, email};

/// Somebody who is to get an account.
#[derive(Clone, Copy, Default)]
pub struct Person<'a> {
    /// The name to log in with.
    pub username: &'a str,
    /// The address; may be empty.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
    /// Staff with every permission.
    pub is_superuser: bool,
    /// Whatever password it is, as long as there is one.
    pub any_password: bool,
}

/// What a password is, no log shall say.
impl std::fmt::Debug for Person<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person")
            .field("username", &self.username)
            .field("is_superuser", &self.is_superuser)
            .finish_non_exhaustive()
    }
}

/// Why an address is none; Django's words. An empty one will do.
#[must_use]
pub fn email_error(email: &str) -> Option<String> {
    email::error(email.trim())
}

/// Everything that speaks against a password; Django's validators, as `startproject` sets them.
#[must_use]
pub fn password_errors(password: &str, username: &str, email: &str) -> Vec<String> {
    validators::password_errors(password, username, email)
}

impl Management {
    /// Whether a new user may have the name.
    ///
    /// # Errors
    /// [`ManageError::Invalid`] or [`ManageError::Taken`] if not; the database's.
    pub async fn check_username(&self, username: &str) -> Result<(), ManageError> {
        if let Some(why) = validators::username_error(username) {
            return Err(ManageError::Invalid(why));
        }
        let taken = self.users.is_taken(username).await;
        if taken.map_err(|error| self.failed(error))? {
            return Err(ManageError::Taken);
        }
        Ok(())
    }

    /// Creates a user under the rules of the signup page.
    ///
    /// # Errors
    /// [`ManageError::Invalid`], [`ManageError::Taken`], or the database's.
    pub async fn create_user(&self, person: Person<'_>) -> Result<(), ManageError> {
        self.check_username(person.username).await?;
        let mut errors: Vec<_> = email_error(person.email).into_iter().collect();
        if person.password.is_empty() {
            errors.push("Blank passwords aren't allowed.".to_owned());
        } else if !person.any_password {
            errors.extend(password_errors(person.password, person.username, person.email));
        }
        if !errors.is_empty() {
            return Err(ManageError::Invalid(errors.join(" ")));
        }
        let encoded = self.passwords.make(person.password).await?;
        let user = NewUser {
            username: person.username,
            password: &encoded,
            email: &email::normalize(person.email),
            is_superuser: person.is_superuser,
        };
        let created = self.users.create(user).await;
        let created = created.map_err(|error| self.failed(error))?;
        created.map(drop).ok_or(ManageError::Taken)
    }
}
