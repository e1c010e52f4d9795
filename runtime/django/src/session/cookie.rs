//! `django.contrib.sessions.backends.signed_cookies`: the cookie holds the data itself, signed.
//!
//! Nothing is stored, so nothing can be ended: a stolen cookie is good until it is too old.

use std::time::Duration;

use super::codec;
use super::store::{Save, Saved, SessionError, SessionStore};
use super::{Data, SessionKey};
use crate::secrets::Secrets;

/// Cookies of more than this are dropped by browsers; no longer one was set by us or by Django.
const MAX_LENGTH: usize = 16 * 1024;

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct CookieStore {
    secrets: Secrets,
    max_age: Duration,
}

impl CookieStore {
    /// Cookies that count for `max_age` (`SESSION_COOKIE_AGE`).
    #[must_use]
    pub fn new(secrets: Secrets, max_age: Duration) -> Self {
        Self { secrets, max_age }
    }
}

impl SessionStore for CookieStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<Data>, SessionError> {
        Ok(codec::decode_cookie(&self.secrets, key.as_str(), self.max_age).ok())
    }

    async fn save(&self, _: &SessionKey, _: &Data, _: Duration, _: Save) -> Result<Saved, SessionError> {
        Ok(Saved::Yes)
    }

    async fn delete(&self, _: &SessionKey) -> Result<(), SessionError> {
        Ok(())
    }

    fn new_key(&self, data: &Data) -> SessionKey {
        SessionKey::of_cookie(codec::encode_cookie(&self.secrets, data))
    }

    fn is_self_contained(&self) -> bool {
        true
    }

    fn parse_key(&self, cookie: &str) -> Option<SessionKey> {
        (cookie.len() <= MAX_LENGTH).then(|| SessionKey::of_cookie(cookie.to_owned()))
    }
}
