//! Tables for a database that nobody has used yet; a Django site's own are used as they are and never altered.

use sqlx::{AssertSqlSafe, raw_sql};

use crate::database::{Database, DatabaseError};

#[cfg(feature = "sqlite")]
const SQLITE: &str = include_str!("../migrations/sqlite.sql");
#[cfg(feature = "postgres")]
const POSTGRES: &str = include_str!("../migrations/postgres.sql");
/// Two servers that start at once on an empty PostgreSQL take turns by this number.
#[cfg(feature = "postgres")]
const LOCK: i64 = 0x6c61_7572_656f_6c61;

/// More tables to make together with Django's, all or none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tables {
    /// Statements for SQLite.
    pub sqlite: &'static str,
    /// Statements for PostgreSQL.
    pub postgres: &'static str,
}

/// Makes the tables of Django's `auth`, `contenttypes` and `sessions` apps and `more`, unless there is a users' table
/// already. Returns whether it did.
///
/// A Django site may use the database afterwards: it finds its own migrations applied. Those of other apps whose tables
/// are in `more` are taken over by `manage.py migrate --fake-initial`.
///
/// # Errors
/// [`DatabaseError`]; then nothing was made.
pub async fn prepare(database: &Database, more: Tables) -> Result<bool, DatabaseError> {
    if has_table(database, "auth_user").await? {
        return Ok(false);
    }
    match database {
        #[cfg(feature = "sqlite")]
        Database::Sqlite(pools) => {
            let mut transaction = pools.write.begin_with("BEGIN IMMEDIATE").await?;
            let made = sqlx::query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'auth_user'")
                .fetch_optional(&mut *transaction)
                .await?;
            if made.is_some() {
                return Ok(false);
            }
            raw_sql(SQLITE).execute(&mut *transaction).await?;
            raw_sql(AssertSqlSafe(more.sqlite))
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
        }
        #[cfg(feature = "postgres")]
        Database::Postgres(pool) => {
            let mut transaction = pool.begin().await?;
            sqlx::query("SELECT pg_advisory_xact_lock($1)")
                .bind(LOCK)
                .execute(&mut *transaction)
                .await?;
            let made = sqlx::query("SELECT 1 WHERE to_regclass('auth_user') IS NOT NULL")
                .fetch_optional(&mut *transaction)
                .await?;
            if made.is_some() {
                return Ok(false);
            }
            raw_sql(POSTGRES).execute(&mut *transaction).await?;
            raw_sql(AssertSqlSafe(more.postgres))
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
        }
    }
    Ok(true)
}

/// Whether a table is there.
///
/// # Errors
/// [`DatabaseError`].
pub async fn has_table(database: &Database, name: &str) -> Result<bool, DatabaseError> {
    Ok(match database {
        #[cfg(feature = "sqlite")]
        Database::Sqlite(pools) => {
            let select =
                sqlx::query("SELECT 1 FROM sqlite_master WHERE type IN ('table', 'view') AND name = ?1");
            select.bind(name).fetch_optional(&pools.read).await?.is_some()
        }
        #[cfg(feature = "postgres")]
        Database::Postgres(pool) => {
            let select = sqlx::query("SELECT 1 WHERE to_regclass(quote_ident($1)) IS NOT NULL");
            select.bind(name).fetch_optional(pool).await?.is_some()
        }
    })
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_empty_database_is_prepared_once_even_by_two_servers() {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("db").display());
        let (one, two) = (
            Database::open(&url).await.unwrap(),
            Database::open(&url).await.unwrap(),
        );
        let (one, two) = tokio::join!(prepare(&one, Tables::default()), prepare(&two, Tables::default()));
        assert!(one.unwrap() ^ two.unwrap());
        let again = Database::open(&url).await.unwrap();
        assert!(!prepare(&again, Tables::default()).await.unwrap());
        assert!(has_table(&again, "django_session").await.unwrap());
        assert!(!has_table(&again, "room_room").await.unwrap());
    }
}
