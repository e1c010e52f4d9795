//! The users' table: `auth_user`, or one of the site's own.

use std::time::SystemTime;

use sqlx::{AssertSqlSafe, ColumnIndex, Decode, Row, Type};
use unicode_normalization::UnicodeNormalization;

use super::user::User;
use crate::database::{self, Database, DatabaseError};

/// Names of the users' table and its columns, for a site with `AUTH_USER_MODEL`. The default is `auth_user`.
///
/// A custom model needs an integer primary key. Columns it does not have are `None`: everybody is active then, and
/// nobody staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserTable {
    /// The table.
    pub table: String,
    /// The primary key.
    pub id: String,
    /// `USERNAME_FIELD`.
    pub username: String,
    /// The password.
    pub password: String,
    /// Whether the user may log in.
    pub is_active: Option<String>,
    /// Whether the user may use the admin's pages.
    pub is_staff: Option<String>,
    /// Whether the user has every permission.
    pub is_superuser: Option<String>,
    /// When the user last logged in.
    pub last_login: Option<String>,
}

impl Default for UserTable {
    fn default() -> Self {
        let name = |name: &str| name.to_owned();
        Self {
            table: name("auth_user"),
            id: name("id"),
            username: name("username"),
            password: name("password"),
            is_active: Some(name("is_active")),
            is_staff: Some(name("is_staff")),
            is_superuser: Some(name("is_superuser")),
            last_login: Some(name("last_login")),
        }
    }
}

/// A name as SQL takes it, whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl UserTable {
    fn select(&self, condition: &str) -> String {
        let or = |column: &Option<String>, default: &str| match column {
            Some(column) => quoted(column),
            None => default.to_owned(),
        };
        format!(
            "SELECT CAST({} AS BIGINT), {}, {}, {}, {}, {} FROM {} WHERE {condition}",
            quoted(&self.id),
            quoted(&self.username),
            quoted(&self.password),
            or(&self.is_active, "TRUE"),
            or(&self.is_staff, "FALSE"),
            or(&self.is_superuser, "FALSE"),
            quoted(&self.table),
        )
    }

    fn update(&self, column: &str, value: &str) -> String {
        format!(
            "UPDATE {} SET {} = {value} WHERE {} = $2",
            quoted(&self.table),
            quoted(column),
            quoted(&self.id)
        )
    }
}

/// The users of a site, in its database. Clones share it.
#[derive(Clone, Debug)]
pub struct Users {
    database: Database,
    table: UserTable,
}

/// `normalize_username`: texts that look the same are the same name.
#[must_use]
pub fn normalize(username: &str) -> String {
    username.nfkc().collect()
}

impl Users {
    /// The users in `table` of `database`.
    #[must_use]
    pub fn new(database: Database, table: UserTable) -> Self {
        Self { database, table }
    }

    /// The user of that name, normalized.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn by_name(&self, username: &str) -> Result<Option<User>, DatabaseError> {
        let select = self
            .table
            .select(&format!("{} = $1", quoted(&self.table.username)));
        let username = normalize(username);
        match &self.database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(pools) => {
                let query = sqlx::query(AssertSqlSafe(select)).bind(username);
                query
                    .fetch_optional(&pools.read)
                    .await?
                    .map(|row| user(&row))
                    .transpose()
            }
            #[cfg(feature = "postgres")]
            Database::Postgres(pool) => {
                let query = sqlx::query(AssertSqlSafe(select)).bind(username);
                query
                    .fetch_optional(pool)
                    .await?
                    .map(|row| user(&row))
                    .transpose()
            }
        }
    }

    /// The user of that primary key.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn by_id(&self, id: i64) -> Result<Option<User>, DatabaseError> {
        let select = self.table.select(&format!("{} = $1", quoted(&self.table.id)));
        match &self.database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(pools) => {
                let query = sqlx::query(AssertSqlSafe(select)).bind(id);
                query
                    .fetch_optional(&pools.read)
                    .await?
                    .map(|row| user(&row))
                    .transpose()
            }
            #[cfg(feature = "postgres")]
            Database::Postgres(pool) => {
                let query = sqlx::query(AssertSqlSafe(select)).bind(id);
                query
                    .fetch_optional(pool)
                    .await?
                    .map(|row| user(&row))
                    .transpose()
            }
        }
    }

    /// Stores a password, as a hasher made it.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn set_password(&self, id: i64, encoded: &str) -> Result<(), DatabaseError> {
        let update = self.table.update(&self.table.password, "$1");
        match &self.database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(pools) => {
                let query = sqlx::query(AssertSqlSafe(update)).bind(encoded).bind(id);
                query.execute(&pools.write).await?;
            }
            #[cfg(feature = "postgres")]
            Database::Postgres(pool) => {
                sqlx::query(AssertSqlSafe(update))
                    .bind(encoded)
                    .bind(id)
                    .execute(pool)
                    .await?;
            }
        }
        Ok(())
    }

    /// Notes that the user logged in now.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn logged_in(&self, id: i64) -> Result<(), DatabaseError> {
        let Some(column) = &self.table.last_login else {
            return Ok(());
        };
        let now = SystemTime::now();
        match &self.database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(pools) => {
                let query = sqlx::query(AssertSqlSafe(self.table.update(column, "$1")));
                query
                    .bind(database::sqlite_time(now))
                    .bind(id)
                    .execute(&pools.write)
                    .await?;
            }
            #[cfg(feature = "postgres")]
            Database::Postgres(pool) => {
                let query = sqlx::query(AssertSqlSafe(self.table.update(column, "to_timestamp($1)")));
                query.bind(database::seconds(now)).bind(id).execute(pool).await?;
            }
        }
        Ok(())
    }

    /// `create_user`: a new user of the default table, or of one that has all its columns. `None` where the name is taken.
    ///
    /// `password` is what a hasher made. The name is normalized.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn create(&self, user: NewUser<'_>) -> Result<Option<i64>, DatabaseError> {
        let now = SystemTime::now();
        let username = normalize(user.username);
        let insert = |time: &str| {
            format!(
                "INSERT INTO {} ({}, {}, is_superuser, is_staff, is_active, first_name, last_name, email, date_joined) \
                 VALUES ($1, $2, $3, $3, TRUE, '', '', $4, {time}) ON CONFLICT DO NOTHING RETURNING CAST({} AS BIGINT)",
                quoted(&self.table.table),
                quoted(&self.table.username),
                quoted(&self.table.password),
                quoted(&self.table.id),
            )
        };
        Ok(match &self.database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(pools) => {
                let query = sqlx::query_scalar(AssertSqlSafe(insert("$5")))
                    .bind(username)
                    .bind(user.password);
                let query = query
                    .bind(user.is_superuser)
                    .bind(user.email)
                    .bind(database::sqlite_time(now));
                query.fetch_optional(&pools.write).await?
            }
            #[cfg(feature = "postgres")]
            Database::Postgres(pool) => {
                let query = sqlx::query_scalar(AssertSqlSafe(insert("to_timestamp($5)"))).bind(username);
                let query = query.bind(user.password).bind(user.is_superuser).bind(user.email);
                query.bind(database::seconds(now)).fetch_optional(pool).await?
            }
        })
    }

    /// Whether a new user may not have the name: somebody has it, or one that differs in case only (as `UserCreationForm`
    /// compares: SQLite knows the case of ASCII letters only).
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn is_taken(&self, username: &str) -> Result<bool, DatabaseError> {
        let select = format!(
            "SELECT EXISTS (SELECT 1 FROM {} WHERE UPPER({}) = UPPER($1))",
            quoted(&self.table.table),
            quoted(&self.table.username)
        );
        let query = AssertSqlSafe(select);
        let username = normalize(username);
        Ok(match &self.database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(pools) => {
                let query = sqlx::query_scalar(query).bind(username);
                query.fetch_one(&pools.read).await?
            }
            #[cfg(feature = "postgres")]
            Database::Postgres(pool) => sqlx::query_scalar(query).bind(username).fetch_one(pool).await?,
        })
    }

    /// Users in the order of their names, from behind `after`.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub async fn list(&self, after: &str, limit: u32) -> Result<Vec<User>, DatabaseError> {
        let name = quoted(&self.table.username);
        let select = self
            .table
            .select(&format!("{name} > $1 ORDER BY {name} LIMIT $2"));
        match &self.database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(pools) => {
                let query = sqlx::query(AssertSqlSafe(select))
                    .bind(after)
                    .bind(i64::from(limit));
                query.fetch_all(&pools.read).await?.iter().map(user).collect()
            }
            #[cfg(feature = "postgres")]
            Database::Postgres(pool) => {
                let query = sqlx::query(AssertSqlSafe(select))
                    .bind(after)
                    .bind(i64::from(limit));
                query.fetch_all(pool).await?.iter().map(user).collect()
            }
        }
    }
}

/// What a new user is made of.
#[derive(Clone, Copy)]
pub struct NewUser<'a> {
    /// The name to log in with.
    pub username: &'a str,
    /// The stored form of the password.
    pub password: &'a str,
    /// The address; may be empty.
    pub email: &'a str,
    /// Staff with every permission.
    pub is_superuser: bool,
}

impl std::fmt::Debug for NewUser<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewUser")
            .field("username", &self.username)
            .field("is_superuser", &self.is_superuser)
            .finish_non_exhaustive()
    }
}

/// The user of a row that [`UserTable::select`] selected.
fn user<'r, R: Row>(row: &'r R) -> Result<User, DatabaseError>
where
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
{
    let mut user = User::new(
        row.try_get(0)?,
        row.try_get::<String, _>(1)?,
        row.try_get::<String, _>(2)?,
    );
    user.is_active = row.try_get(3)?;
    user.is_staff = row.try_get(4)?;
    user.is_superuser = row.try_get(5)?;
    Ok(user)
}
