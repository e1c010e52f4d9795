//! `django.contrib.sessions.backends.db`: the table `django_session`.

use std::time::{Duration, SystemTime};

use sqlx::Row;

use super::codec;
use super::store::{Save, Saved, SessionError, SessionStore};
use super::{Data, SessionKey};
use crate::database::{self, Database};
use crate::secrets::Secrets;

/// See the module's documentation.
#[derive(Clone, Debug)]
pub struct DatabaseStore {
    secrets: Secrets,
    database: Database,
}

impl DatabaseStore {
    /// Sessions in `database`, which has the table already.
    #[must_use]
    pub fn new(secrets: Secrets, database: Database) -> Self {
        Self { secrets, database }
    }

    /// `clearsessions`: forgets what is over. Returns how many.
    ///
    /// # Errors
    /// [`SessionError::Store`].
    pub async fn clear_expired(&self) -> Result<u64, SessionError> {
        let now = SystemTime::now();
        let cleared = match &self.database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(pools) => {
                let delete = sqlx::query("DELETE FROM django_session WHERE expire_date < ?1");
                let delete = delete.bind(database::sqlite_time(now)).execute(&pools.write);
                delete.await.map(|done| done.rows_affected())
            }
            #[cfg(feature = "postgres")]
            Database::Postgres(pool) => {
                let delete = sqlx::query("DELETE FROM django_session WHERE expire_date < to_timestamp($1)");
                let delete = delete.bind(database::seconds(now)).execute(pool);
                delete.await.map(|done| done.rows_affected())
            }
        };
        cleared.map_err(SessionError::store)
    }
}

impl SessionStore for DatabaseStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<Data>, SessionError> {
        let now = SystemTime::now();
        let row: Result<Option<String>, sqlx::Error> = match &self.database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(pools) => {
                const SELECT: &str =
                    "SELECT session_data FROM django_session WHERE session_key = ?1 AND expire_date > ?2";
                let select = sqlx::query(SELECT)
                    .bind(key.as_str())
                    .bind(database::sqlite_time(now));
                let row = select.fetch_optional(&pools.read).await;
                row.and_then(|row| row.map(|row| row.try_get(0)).transpose())
            }
            #[cfg(feature = "postgres")]
            Database::Postgres(pool) => {
                const SELECT: &str = "SELECT session_data FROM django_session \
                    WHERE session_key = $1 AND expire_date > to_timestamp($2)";
                let select = sqlx::query(SELECT)
                    .bind(key.as_str())
                    .bind(database::seconds(now));
                let row = select.fetch_optional(pool).await;
                row.and_then(|row| row.map(|row| row.try_get(0)).transpose())
            }
        };
        let Some(text) = row.map_err(SessionError::store)? else {
            return Ok(None);
        };
        Ok(Some(codec::decode(&self.secrets, &text).unwrap_or_else(
            |error| {
                tracing::warn!("a stored session was not taken: {error}");
                Data::new()
            },
        )))
    }

    async fn save(
        &self,
        key: &SessionKey,
        data: &Data,
        age: Duration,
        how: Save,
    ) -> Result<Saved, SessionError> {
        let now = SystemTime::now();
        let expires = now.checked_add(age).unwrap_or(now);
        let text = codec::encode(&self.secrets, data);
        let rows = match &self.database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(pools) => {
                let statement = match how {
                    Save::Create => {
                        "INSERT INTO django_session (session_key, session_data, expire_date) \
                         VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"
                    }
                    Save::Update => {
                        "UPDATE django_session SET session_data = ?2, expire_date = ?3 WHERE session_key = ?1"
                    }
                };
                let save = sqlx::query(statement).bind(key.as_str()).bind(text);
                let save = save.bind(database::sqlite_time(expires)).execute(&pools.write);
                save.await.map(|done| done.rows_affected())
            }
            #[cfg(feature = "postgres")]
            Database::Postgres(pool) => {
                let statement = match how {
                    Save::Create => {
                        "INSERT INTO django_session (session_key, session_data, expire_date) \
                         VALUES ($1, $2, to_timestamp($3)) ON CONFLICT DO NOTHING"
                    }
                    Save::Update => {
                        "UPDATE django_session SET session_data = $2, expire_date = to_timestamp($3) \
                         WHERE session_key = $1"
                    }
                };
                let save = sqlx::query(statement).bind(key.as_str()).bind(text);
                let save = save.bind(database::seconds(expires)).execute(pool);
                save.await.map(|done| done.rows_affected())
            }
        };
        match rows.map_err(SessionError::store)? {
            0 => Ok(Saved::No),
            _ => Ok(Saved::Yes),
        }
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), SessionError> {
        let done = match &self.database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(pools) => {
                let delete = sqlx::query("DELETE FROM django_session WHERE session_key = ?1");
                delete.bind(key.as_str()).execute(&pools.write).await.map(drop)
            }
            #[cfg(feature = "postgres")]
            Database::Postgres(pool) => {
                let delete = sqlx::query("DELETE FROM django_session WHERE session_key = $1");
                delete.bind(key.as_str()).execute(pool).await.map(drop)
            }
        };
        done.map_err(SessionError::store)
    }
}
