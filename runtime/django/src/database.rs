//! The database that Django keeps its tables in: SQLite or PostgreSQL.

use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[cfg(feature = "postgres")]
use sqlx::Executor as _;
#[cfg(feature = "postgres")]
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
#[cfg(feature = "sqlite")]
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

/// How long a caller waits for a connection, and SQLite for another process's lock.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections that read from SQLite, or do anything in PostgreSQL.
const CONNECTIONS: u32 = 4;

/// Why a database could not be opened or asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The URL names no database of ours.
    #[error("{0:?} is no database: give sqlite://PATH or postgres://[user[:password]@]host[:port]/name")]
    Url(String),
    /// The database said no, or did not answer.
    #[error(transparent)]
    Sqlx(#[from] sqlx::Error),
}

/// A database, with its connections. Clones share them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Database {
    /// SQLite: one connection that writes, some that read.
    #[cfg(feature = "sqlite")]
    Sqlite(Sqlite),
    /// PostgreSQL.
    #[cfg(feature = "postgres")]
    Postgres(PgPool),
}

/// The two pools of an SQLite database: SQLite lets one connection write at a time, and a second one
/// would only wait for it.
#[cfg(feature = "sqlite")]
#[derive(Clone, Debug)]
pub struct Sqlite {
    /// One connection.
    pub write: SqlitePool,
    /// Several, which cannot write.
    pub read: SqlitePool,
}

impl Database {
    /// Opens `sqlite://path` (made if it is not there) or `postgres://…`.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn open(url: &str) -> Result<Self, DatabaseError> {
        match url.split_once(':') {
            #[cfg(feature = "sqlite")]
            Some(("sqlite", _)) => Self::open_sqlite(url).await,
            #[cfg(feature = "postgres")]
            Some(("postgres" | "postgresql", _)) => {
                let options = PgConnectOptions::from_str(url)?;
                // A table that something else has locked is an error after the same time as in SQLite. (Said by a statement:
                // poolers in between refuse it as a parameter of the connection.)
                let patience = format!("SET lock_timeout = {}", PATIENCE.as_millis());
                let pool = PgPoolOptions::new()
                    .max_connections(CONNECTIONS)
                    .acquire_timeout(PATIENCE)
                    .after_connect(move |connection, _| {
                        let patience = sqlx::AssertSqlSafe(patience.clone());
                        Box::pin(async move { connection.execute(patience).await.map(drop) })
                    });
                Ok(Self::Postgres(pool.connect_with(options).await?))
            }
            // A password may stand in it.
            _ => Err(DatabaseError::Url(
                url.split("://").next().unwrap_or_default().to_owned(),
            )),
        }
    }

    #[cfg(feature = "sqlite")]
    async fn open_sqlite(url: &str) -> Result<Self, DatabaseError> {
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            // Readers and a writer do not wait for each other, and a commit costs no more than it must.
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(PATIENCE)
            .foreign_keys(true);
        let pool = || SqlitePoolOptions::new().acquire_timeout(PATIENCE);
        let write = pool().max_connections(1).connect_with(options.clone()).await?;
        let read = pool()
            .max_connections(CONNECTIONS)
            .connect_with(options.read_only(true))
            .await?;
        Ok(Self::Sqlite(Sqlite { write, read }))
    }

    /// Closes every connection, once what is under way is done.
    pub async fn close(&self) {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(pools) => {
                pools.read.close().await;
                pools.write.close().await;
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A time as Django writes it into SQLite: UTC, with microseconds where there are any.
#[must_use]
pub fn sqlite_time(time: SystemTime) -> String {
    let micros = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    let timestamp = i64::try_from(micros)
        .ok()
        .and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok());
    let civil = timestamp
        .unwrap_or(jiff::Timestamp::MAX)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .datetime();
    let format = if micros.is_multiple_of(1_000_000) {
        "%Y-%m-%d %H:%M:%S"
    } else {
        "%Y-%m-%d %H:%M:%S.%6f"
    };
    civil.strftime(format).to_string()
}

/// A time that Django, or we, wrote into SQLite.
#[must_use]
pub fn from_sqlite_time(text: &str) -> Option<SystemTime> {
    let civil = text.parse::<jiff::civil::DateTime>().ok()?;
    Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().into())
}

/// Seconds since 1970, as PostgreSQL's `to_timestamp` takes them.
#[must_use]
pub fn seconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_django_writes_them() {
        let time = UNIX_EPOCH + Duration::from_micros(1_763_790_000_000_000);
        assert_eq!(sqlite_time(time), "2025-11-22 05:40:00");
        let finer = time + Duration::from_micros(1500);
        assert_eq!(sqlite_time(finer), "2025-11-22 05:40:00.001500");
        assert_eq!(from_sqlite_time(&sqlite_time(finer)), Some(finer));
        assert_eq!(from_sqlite_time("soon"), None);
    }

    #[tokio::test]
    async fn a_url_of_another_database_is_refused_without_its_password() {
        let error = Database::open("mysql://root:hunter2@h/d")
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("\"mysql\" is no database") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
