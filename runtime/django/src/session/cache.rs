//! `django.contrib.sessions.backends.cache` and `cached_db`, in Django's `RedisCache`.
//!
//! The data is pickled there. Who can write to that Redis can put anything into a session; Django would run it, we only
//! read plain values.

use std::time::Duration;

use redis::aio::ConnectionManager;
use redis::{ExistenceCheck, SetExpiry, SetOptions};
use serde_json::Value;

use super::codec::pickle;
use super::store::{Save, Saved, SessionError, SessionStore};
use super::{Data, SessionKey};

const CACHE: &str = "django.contrib.sessions.cache";
const CACHED_DB: &str = "django.contrib.sessions.cached_db";
/// Ages are given to Redis in seconds; longer ones than this it refuses.
const MAX_AGE: u64 = 10 * 365 * 86_400;

/// A `RedisCache` of Django's, as far as sessions use it.
#[derive(Clone)]
pub struct RedisCache {
    connection: ConnectionManager,
    /// `KEY_PREFIX` and `VERSION`, as they stand in front of a key.
    prefix: String,
}

impl RedisCache {
    /// The cache with `KEY_PREFIX` (Django's default: "") and `VERSION` (1).
    #[must_use]
    pub fn new(connection: ConnectionManager, key_prefix: &str, version: u32) -> Self {
        Self {
            connection,
            prefix: format!("{key_prefix}:{version}:"),
        }
    }

    fn name(&self, kind: &str, key: &SessionKey) -> String {
        format!("{}{kind}{}", self.prefix, key.as_str())
    }

    async fn get(&self, name: &str) -> Result<Option<Data>, SessionError> {
        let bytes: Option<Vec<u8>> = redis::cmd("GET")
            .arg(name)
            .query_async(&mut self.connection.clone())
            .await
            .map_err(SessionError::store)?;
        Ok(bytes.and_then(|bytes| match pickle::from_slice(&bytes) {
            Ok(Value::Object(data)) => Some(data),
            Ok(_) => None,
            Err(error) => {
                tracing::warn!("a session in the cache was not taken: {error}");
                None
            }
        }))
    }

    async fn set(
        &self,
        name: &str,
        data: &Data,
        age: Duration,
        check: Option<ExistenceCheck>,
    ) -> Result<Saved, SessionError> {
        let mut options =
            SetOptions::default().with_expiration(SetExpiry::EX(age.as_secs().clamp(1, MAX_AGE)));
        if let Some(check) = check {
            options = options.conditional_set(check);
        }
        let done: Option<String> = redis::cmd("SET")
            .arg(name)
            .arg(pickle::to_vec(&Value::Object(data.clone())))
            .arg(options)
            .query_async(&mut self.connection.clone())
            .await
            .map_err(SessionError::store)?;
        Ok(if done.is_some() { Saved::Yes } else { Saved::No })
    }

    async fn delete(&self, name: &str) -> Result<(), SessionError> {
        redis::cmd("DEL")
            .arg(name)
            .query_async(&mut self.connection.clone())
            .await
            .map_err(SessionError::store)
    }
}

impl std::fmt::Debug for RedisCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisCache")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// Sessions in the cache alone: gone when it forgets them.
#[derive(Clone, Debug)]
pub struct CacheStore(RedisCache);

impl CacheStore {
    /// Sessions in `cache`.
    #[must_use]
    pub fn new(cache: RedisCache) -> Self {
        Self(cache)
    }
}

impl SessionStore for CacheStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<Data>, SessionError> {
        self.0.get(&self.0.name(CACHE, key)).await
    }

    async fn save(
        &self,
        key: &SessionKey,
        data: &Data,
        age: Duration,
        how: Save,
    ) -> Result<Saved, SessionError> {
        let check = match how {
            Save::Create => ExistenceCheck::NX,
            Save::Update => ExistenceCheck::XX,
        };
        self.0.set(&self.0.name(CACHE, key), data, age, Some(check)).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), SessionError> {
        self.0.delete(&self.0.name(CACHE, key)).await
    }
}

/// Sessions in another store, read through the cache. A cache that fails is logged and passed over.
#[derive(Clone, Debug)]
pub struct CachedStore<S> {
    cache: RedisCache,
    store: S,
    /// How long what was loaded from the store stays in the cache: it does not say how old it is.
    age: Duration,
}

impl<S> CachedStore<S> {
    /// Sessions of `store`, in `cache` for at most `age` after they were loaded.
    pub fn new(cache: RedisCache, store: S, age: Duration) -> Self {
        Self { cache, store, age }
    }
}

fn passed_over<T>(result: Result<T, SessionError>) -> Option<T> {
    result
        .inspect_err(|error| tracing::warn!("the session cache is passed over: {error}"))
        .ok()
}

impl<S: SessionStore> SessionStore for CachedStore<S> {
    async fn load(&self, key: &SessionKey) -> Result<Option<Data>, SessionError> {
        let name = self.cache.name(CACHED_DB, key);
        if let Some(Some(data)) = passed_over(self.cache.get(&name).await) {
            return Ok(Some(data));
        }
        let loaded = self.store.load(key).await?;
        if let Some(data) = &loaded {
            passed_over(self.cache.set(&name, data, self.age, None).await);
        }
        Ok(loaded)
    }

    async fn save(
        &self,
        key: &SessionKey,
        data: &Data,
        age: Duration,
        how: Save,
    ) -> Result<Saved, SessionError> {
        let saved = self.store.save(key, data, age, how).await?;
        if saved == Saved::Yes {
            passed_over(
                self.cache
                    .set(&self.cache.name(CACHED_DB, key), data, age, None)
                    .await,
            );
        }
        Ok(saved)
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), SessionError> {
        self.store.delete(key).await?;
        passed_over(self.cache.delete(&self.cache.name(CACHED_DB, key)).await);
        Ok(())
    }
}
