//! Sessions as Django keeps them (`django.contrib.sessions`), so that either side reads what the other wrote.
//!
//! # Layout
//! - [`Session`]: one browser's data, and what is to become of it
//! - [`key`]: the keys that cookies hold
//! - [`codec`]: how the data is written: signed JSON, or pickled in a cache
//! - [`expiry`]: how long it lasts
//! - [`store`]: the trait of the backends, and [`Sessions`], which loads and commits through one
//! - [`file`](mod@file), [`cookie`], [`cache`], [`database`]: the backends

pub mod cache;
pub mod codec;
pub mod cookie;
pub mod database;
pub mod expiry;
pub mod file;
pub mod key;
pub mod store;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use expiry::Expiry;
pub use key::SessionKey;
pub use store::{SessionError, SessionStore, Sessions};

/// What a session holds: the keys and JSON values of Django's `request.session`.
pub type Data = serde_json::Map<String, Value>;

/// What a session's commit has to do about its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Keep it, or make one where there is none.
    #[default]
    Keep,
    /// `cycle_key`: the same data under a new key.
    Cycle,
    /// `flush`: the old key and what was under it are gone.
    Flush,
}

/// One browser's session (Django: `request.session`). Changes stay here until it is committed.
///
/// ```
/// use laureola_django::session::Session;
///
/// let mut session = Session::new();
/// session.insert("theme", "dark")?;
/// assert_eq!(session.get::<String>("theme").as_deref(), Some("dark"));
/// assert!(session.is_modified());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Session {
    key: Option<SessionKey>,
    data: Data,
    modified: bool,
    fate: Fate,
}

impl Session {
    /// An empty session without a key.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A session as its store has it.
    #[must_use]
    pub fn stored(key: SessionKey, data: Data) -> Self {
        Self {
            key: Some(key),
            data,
            ..Self::default()
        }
    }

    /// The key under which the session is stored; `None` before its first commit, and after a flush.
    #[must_use]
    pub fn key(&self) -> Option<&SessionKey> {
        self.key.as_ref().filter(|_| self.fate != Fate::Flush)
    }

    /// A value, if it is there and of that type.
    #[must_use]
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        T::deserialize(self.data.get(name)?).ok()
    }

    /// Sets a value.
    ///
    /// # Errors
    /// It is no JSON.
    pub fn insert<T: Serialize>(&mut self, name: &str, value: T) -> Result<(), serde_json::Error> {
        self.data.insert(name.to_owned(), serde_json::to_value(value)?);
        self.modified = true;
        Ok(())
    }

    /// Removes a value, and returns it.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let removed = self.data.remove(name);
        self.modified |= removed.is_some();
        removed
    }

    /// All values.
    #[must_use]
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Whether a commit has anything to write.
    #[must_use]
    pub fn is_modified(&self) -> bool {
        self.modified || self.fate != Fate::Keep
    }

    /// Whether there is neither a key nor a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.key().is_none() && self.data.is_empty()
    }

    /// The same data under a new key (`cycle_key`): at a login, so that a key somebody slipped a
    /// user is worth nothing.
    pub fn cycle_key(&mut self) {
        if self.fate == Fate::Keep {
            self.fate = Fate::Cycle;
        }
        self.modified = true;
    }

    /// Forgets everything, the stored session too (`flush`): at a logout.
    pub fn flush(&mut self) {
        self.data.clear();
        self.fate = Fate::Flush;
        self.modified = true;
    }

    /// `set_expiry`: seconds until the session expires; 0 at the end of the browser's session;
    /// `None` as the settings have it.
    pub fn set_expiry(&mut self, seconds: Option<u64>) {
        match seconds {
            Some(seconds) => self.data.insert(expiry::NAME.to_owned(), seconds.into()),
            None => self.data.remove(expiry::NAME),
        };
        self.modified = true;
    }

    pub(crate) fn fate(&self) -> Fate {
        self.fate
    }

    /// The stored key, even where it is about to go.
    pub(crate) fn stored_key(&self) -> Option<&SessionKey> {
        self.key.as_ref()
    }

    /// What there was to do is done, and the session stands under `key`.
    pub(crate) fn committed(&mut self, key: Option<SessionKey>) {
        self.key = key;
        self.modified = false;
        self.fate = Fate::Keep;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored() -> Session {
        let key = SessionKey::generate();
        let mut data = Data::new();
        data.insert("a".to_owned(), 1.into());
        Session::stored(key, data)
    }

    #[test]
    fn reading_changes_nothing() {
        let mut session = stored();
        assert_eq!(session.get::<u8>("a"), Some(1));
        assert_eq!(session.get::<String>("a"), None);
        assert_eq!(session.remove("b"), None);
        assert!(!session.is_modified());
    }

    #[test]
    fn a_flush_outdoes_a_new_key() {
        let mut session = stored();
        session.cycle_key();
        assert!(session.key().is_some() && session.is_modified());
        session.flush();
        session.cycle_key();
        assert_eq!((session.key(), session.fate()), (None, Fate::Flush));
        assert!(session.is_empty());
    }
}
