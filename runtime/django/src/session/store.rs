//! What a backend does, and [`Sessions`], which loads and commits sessions through one.

use std::future::Future;
use std::time::{Duration, SystemTime};

use super::expiry::Expiry;
use super::{Data, Fate, Session, SessionKey};

/// Why a session could not be loaded or committed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The place where sessions are kept does not answer.
    #[error("the session store failed: {0}")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Somebody ended the session while it was in use: logged out elsewhere, most likely. What it
    /// held must not come back (Django: `SessionInterrupted`).
    #[error("the session was ended while it was in use")]
    Interrupted,
}

impl SessionError {
    pub(crate) fn store(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Store(error.into())
    }
}

/// Whether a session may or must be there when it is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Save {
    /// It must not: its key is new.
    Create,
    /// It must: it was loaded.
    Update,
}

/// Whether a save took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// Under this key from now on, if it is another one: only signed cookies change it.
    Yes,
    /// There was one where none may be, or none where one must be.
    No,
}

/// Where sessions are kept (Django: a `SessionStore` class). A backend holds no session between calls.
pub trait SessionStore: Send + Sync + 'static {
    /// The data under `key`, unless there is none, or it is over.
    fn load(&self, key: &SessionKey) -> impl Future<Output = Result<Option<Data>, SessionError>> + Send;

    /// Keeps `data` under `key` for `age`.
    fn save(
        &self,
        key: &SessionKey,
        data: &Data,
        age: Duration,
        how: Save,
    ) -> impl Future<Output = Result<Saved, SessionError>> + Send;

    /// Forgets what is under `key`. Nothing there is not an error.
    fn delete(&self, key: &SessionKey) -> impl Future<Output = Result<(), SessionError>> + Send;

    /// The key for new data. Signed cookies are their own key.
    fn new_key(&self, _data: &Data) -> SessionKey {
        SessionKey::generate()
    }

    /// Whether a key is the data itself, and changes with it.
    fn is_self_contained(&self) -> bool {
        false
    }

    /// The key in a cookie's value.
    fn parse_key(&self, cookie: &str) -> Option<SessionKey> {
        SessionKey::parse(cookie)
    }
}

/// Sessions of one site: a backend and how long they last.
#[derive(Clone, Debug)]
pub struct Sessions<S> {
    store: S,
    expiry: Expiry,
}

impl<S: SessionStore> Sessions<S> {
    /// Sessions in `store`.
    pub fn new(store: S, expiry: Expiry) -> Self {
        Self { store, expiry }
    }

    /// How long they last.
    pub fn expiry(&self) -> &Expiry {
        &self.expiry
    }

    /// The session of a cookie; an empty one without a key where there is no cookie, or its session is over.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn load(&self, cookie: Option<&str>) -> Result<Session, SessionError> {
        let Some(key) = cookie.and_then(|cookie| self.store.parse_key(cookie)) else {
            return Ok(Session::new());
        };
        Ok(match self.store.load(&key).await? {
            Some(data) => Session::stored(key, data),
            None => Session::new(),
        })
    }

    /// Writes what changed; afterwards [`Session::key`] is what the cookie has to hold.
    ///
    /// An empty session that was never stored is not stored now. Cost: nothing for an unchanged one.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn commit(&self, session: &mut Session) -> Result<(), SessionError> {
        if !session.is_modified() {
            return Ok(());
        }
        let stored = session.stored_key().cloned();
        if session.fate() == Fate::Flush {
            if let Some(key) = &stored {
                self.store.delete(key).await?;
            }
            if session.data().is_empty() {
                session.committed(None);
                return Ok(());
            }
        }
        let fresh = stored.is_none() || session.fate() != Fate::Keep || self.store.is_self_contained();
        if !fresh && let Some(key) = stored {
            let age = self.expiry.age(session.data(), SystemTime::now());
            return match self.store.save(&key, session.data(), age, Save::Update).await? {
                Saved::Yes => {
                    session.committed(Some(key));
                    Ok(())
                }
                Saved::No => Err(SessionError::Interrupted),
            };
        }
        if session.data().is_empty() && stored.is_none() {
            session.committed(None);
            return Ok(());
        }
        let key = self.create(session.data()).await?;
        if session.fate() == Fate::Cycle
            && let Some(old) = &stored
        {
            self.store.delete(old).await?;
        }
        session.committed(Some(key));
        Ok(())
    }

    async fn create(&self, data: &Data) -> Result<SessionKey, SessionError> {
        let age = self.expiry.age(data, SystemTime::now());
        // Keys are random enough never to meet; a store that always says so is broken.
        for _ in 0..10 {
            let key = self.store.new_key(data);
            if self.store.save(&key, data, age, Save::Create).await? == Saved::Yes {
                return Ok(key);
            }
        }
        Err(SessionError::store("no free session key was found"))
    }
}
