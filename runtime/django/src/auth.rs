//! Users and logins as `django.contrib.auth` keeps them.
//!
//! # Layout
//! - [`user`]: what a user is
//! - [`users`]: the table they stand in
//! - this file: [`Auth`], which logs users in and out of sessions and finds a session's user

pub mod user;
pub mod users;

use std::fmt::Write;

use subtle::ConstantTimeEq;

use crate::database::DatabaseError;
use crate::hashers::{Busy, PasswordPool, Verdict};
use crate::secrets::Secrets;
use crate::session::Session;
use crate::signing::salted_hmac;

pub use user::User;
pub use users::{NewUser, UserTable, Users};

const USER: &str = "_auth_user_id";
const BACKEND: &str = "_auth_user_backend";
const HASH: &str = "_auth_user_hash";
/// The salt of session hashes: it names Django's method.
const HASH_SALT: &str = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash";

/// The backend of Django that our logins count as.
pub const MODEL_BACKEND: &str = "django.contrib.auth.backends.ModelBackend";

/// Why somebody could not be authenticated, apart from a wrong password, which is an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The users' database failed.
    #[error("the users' database failed: {0}")]
    Database(#[from] DatabaseError),
    /// Too many logins at once.
    #[error(transparent)]
    Busy(#[from] Busy),
}

/// `get_session_auth_hash`: changes with the password, so that a new one ends all sessions but the one it is set in.
#[must_use]
pub fn session_hash(password: &str, secret: &[u8]) -> String {
    let mac = salted_hmac(HASH_SALT, password.as_bytes(), secret);
    mac.iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A site's authentication: its secrets, users, and hashers. Clones share them.
#[derive(Clone, Debug)]
pub struct Auth {
    secrets: Secrets,
    users: Users,
    passwords: PasswordPool,
    /// `AUTHENTICATION_BACKENDS`: sessions that another one made are nobody's.
    backends: Box<[String]>,
}

impl Auth {
    /// Authentication with the one backend Django has by default.
    #[must_use]
    pub fn new(secrets: Secrets, users: Users, passwords: PasswordPool) -> Self {
        Self {
            secrets,
            users,
            passwords,
            backends: [MODEL_BACKEND.to_owned()].into(),
        }
    }

    /// Takes the sessions of these `AUTHENTICATION_BACKENDS`, whose users stand in the same table.
    #[must_use]
    pub fn backends<S: Into<String>>(mut self, backends: impl IntoIterator<Item = S>) -> Self {
        self.backends = backends.into_iter().map(Into::into).collect();
        self
    }

    /// The users' table.
    #[must_use]
    pub fn users(&self) -> &Users {
        &self.users
    }

    /// Where passwords are hashed.
    #[must_use]
    pub fn passwords(&self) -> &PasswordPool {
        &self.passwords
    }

    /// `authenticate`: the active user of that name and password. Hashes the password anew where its hasher or
    /// work factors are not the preferred ones. Takes a password's time also where there is no such user.
    ///
    /// # Errors
    /// [`AuthError`]; a wrong password is `None`.
    pub async fn authenticate(&self, username: &str, password: &str) -> Result<Option<User>, AuthError> {
        let user = self.users.by_name(username).await?;
        let stored = user.as_ref().map(User::password);
        let verdict = self.passwords.check(password, stored).await?;
        let (Verdict::Right { upgrade }, Some(mut user)) = (verdict, user) else {
            return Ok(None);
        };
        if upgrade {
            let encoded = self.passwords.make(password).await?;
            self.users.set_password(user.id, &encoded).await?;
            user.replace_password(encoded);
        }
        Ok(user.is_active.then_some(user))
    }

    /// `login`: makes `user` the session's user, under a new key. The session's data stays, unless it was another user's.
    /// Notes the time as the user's last login.
    ///
    /// Afterwards the session is to be committed, and its CSRF secret to be replaced.
    ///
    /// # Errors
    /// [`AuthError::Database`].
    pub async fn login(&self, session: &mut Session, user: &User) -> Result<(), AuthError> {
        let hash = session_hash(user.password(), self.secrets.first());
        match session.get::<String>(USER) {
            Some(id) => {
                let same_hash = session
                    .get::<String>(HASH)
                    .is_some_and(|known| is_equal(&known, &hash));
                if id != user.id.to_string() || !same_hash {
                    session.flush();
                }
            }
            None => session.cycle_key(),
        }
        for (name, value) in [
            (USER, user.id.to_string()),
            (BACKEND, MODEL_BACKEND.to_owned()),
            (HASH, hash),
        ] {
            session.insert(name, value).expect("a text is JSON");
        }
        self.users.logged_in(user.id).await?;
        Ok(())
    }

    /// `logout`: forgets the session and everything in it.
    pub fn logout(session: &mut Session) {
        session.flush();
    }

    /// `get_user`: the session's user, if it is one, is still active, and has not changed the password since.
    /// A session whose hash is an older secret's gets a new key and hash.
    ///
    /// # Errors
    /// [`AuthError::Database`].
    pub async fn user(&self, session: &mut Session) -> Result<Option<User>, AuthError> {
        let Some(id) = session.get::<String>(USER).and_then(|id| id.parse().ok()) else {
            return Ok(None);
        };
        let backend = session.get::<String>(BACKEND);
        if !backend.is_some_and(|backend| self.backends.contains(&backend)) {
            return Ok(None);
        }
        let Some(user) = self.users.by_id(id).await?.filter(|user| user.is_active) else {
            return Ok(None);
        };
        let known = session.get::<String>(HASH).unwrap_or_default();
        let mut hashes = self
            .secrets
            .all()
            .map(|secret| session_hash(user.password(), secret));
        match hashes.position(|hash| is_equal(&known, &hash)) {
            Some(0) => Ok(Some(user)),
            Some(_) => {
                session.cycle_key();
                let hash = session_hash(user.password(), self.secrets.first());
                session.insert(HASH, hash).expect("a text is JSON");
                Ok(Some(user))
            }
            None => {
                // As Django does: what was signed with another password is no session any more.
                session.flush();
                Ok(None)
            }
        }
    }

    /// `update_session_auth_hash`: keeps the session of a user whose password was just changed to `user`'s.
    pub fn keep_session(&self, session: &mut Session, user: &User) {
        session.cycle_key();
        let hash = session_hash(user.password(), self.secrets.first());
        session.insert(HASH, hash).expect("a text is JSON");
    }
}

fn is_equal(known: &str, computed: &str) -> bool {
    known.as_bytes().ct_eq(computed.as_bytes()).into()
}
