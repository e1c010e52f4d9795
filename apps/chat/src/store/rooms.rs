//! Rooms for people with accounts: the table `room_room` (name, slug).

use laureola_django::database::DatabaseError;
use sqlx::Row;

use super::{Store, on};

/// The longest name, as the column has it.
pub const MAX_NAME: usize = 255;
/// The longest slug, as the column has it.
pub const MAX_SLUG: usize = 50;

/// A room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The primary key.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// What its URL calls it.
    pub slug: String,
}

/// Why a room was not created or renamed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoomError {
    /// No name, or too long a one.
    #[error("a room's name has 1 to {MAX_NAME} characters")]
    Name,
    /// No slug can be made of the name, or what was given is none.
    #[error("a room's slug has 1 to {MAX_SLUG} ASCII letters, digits, hyphens and underscores")]
    Slug,
    /// Another room has the slug.
    #[error("there is a room with this slug already")]
    Taken,
    /// The room was deleted.
    #[error("there is no such room")]
    Gone,
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for RoomError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// The slug of a name, as Django's `slugify` makes it of ASCII: lower case, hyphens for blanks.
#[must_use]
pub fn slugify(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || c == '_' => slug.push(c.to_ascii_lowercase()),
            c if (c.is_whitespace() || c == '-') && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
    }
    slug.truncate(MAX_SLUG);
    slug.trim_matches(['-', '_']).to_owned()
}

fn check_name(name: &str) -> Result<&str, RoomError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.contains('\0') {
        return Err(RoomError::Name);
    }
    Ok(name)
}

fn is_slug(slug: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    (1..=MAX_SLUG).contains(&slug.len()) && slug.bytes().all(plain)
}

impl Store {
    /// Every room, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn rooms(&self) -> Result<Vec<Room>, DatabaseError> {
        const SELECT: &str = "SELECT CAST(id AS BIGINT), name, slug FROM room_room ORDER BY LOWER(name), id";
        Ok(on!(&self.database, read, |pool| {
            let rows = sqlx::query(SELECT).fetch_all(pool).await?;
            let room = |row: &_| {
                Ok(Room {
                    id: get(row, 0)?,
                    name: get(row, 1)?,
                    slug: get(row, 2)?,
                })
            };
            rows.iter().map(room).collect::<Result<_, sqlx::Error>>()?
        }))
    }

    /// The room of a slug.
    ///
    /// # Errors
    /// The database's.
    pub async fn room(&self, slug: &str) -> Result<Option<Room>, DatabaseError> {
        const SELECT: &str = "SELECT CAST(id AS BIGINT), name, slug FROM room_room WHERE slug = $1";
        Ok(on!(&self.database, read, |pool| {
            let row = sqlx::query(SELECT).bind(slug).fetch_optional(pool).await?;
            match row {
                Some(row) => Some(Room {
                    id: get(&row, 0)?,
                    name: get(&row, 1)?,
                    slug: get(&row, 2)?,
                }),
                None => None,
            }
        }))
    }

    /// Creates a room; without a slug it gets one made of its name.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn create_room(&self, name: &str, slug: Option<&str>) -> Result<Room, RoomError> {
        const INSERT: &str = "INSERT INTO room_room (name, slug) VALUES ($1, $2) ON CONFLICT DO NOTHING \
                              RETURNING CAST(id AS BIGINT)";
        let name = check_name(name)?.to_owned();
        let slug = slug.map_or_else(|| slugify(&name), str::to_owned);
        if !is_slug(&slug) {
            return Err(RoomError::Slug);
        }
        let id: Option<i64> = on!(&self.database, write, |pool| {
            sqlx::query_scalar(INSERT)
                .bind(&name)
                .bind(&slug)
                .fetch_optional(pool)
                .await?
        });
        let id = id.ok_or(RoomError::Taken)?;
        Ok(Room { id, name, slug })
    }

    /// Gives a room another name; its slug, and so its URL, stays.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn rename_room(&self, id: i64, name: &str) -> Result<(), RoomError> {
        const UPDATE: &str = "UPDATE room_room SET name = $1 WHERE id = $2";
        let name = check_name(name)?;
        let changed = on!(&self.database, write, |pool| {
            sqlx::query(UPDATE)
                .bind(name)
                .bind(id)
                .execute(pool)
                .await?
                .rows_affected()
        });
        if changed == 0 {
            Err(RoomError::Gone)
        } else {
            Ok(())
        }
    }

    /// Deletes a room with its messages. One that is gone already is not an error.
    ///
    /// # Errors
    /// The database's.
    pub async fn delete_room(&self, id: i64) -> Result<(), DatabaseError> {
        on!(&self.database, write, |pool| {
            // Django knows of the cascade, the database does not.
            let mut transaction = pool.begin().await?;
            sqlx::query("DELETE FROM room_message WHERE room_id = $1")
                .bind(id)
                .execute(&mut *transaction)
                .await?;
            sqlx::query("DELETE FROM room_room WHERE id = $1")
                .bind(id)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
        });
        Ok(())
    }
}

/// A column of a row of either database.
pub(super) fn get<'r, R, T>(row: &'r R, column: usize) -> Result<T, sqlx::Error>
where
    R: Row,
    usize: sqlx::ColumnIndex<R>,
    T: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    row.try_get(column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_makes_a_slug_as_djangos() {
        for (name, slug) in [
            ("General", "general"),
            ("  Two  words ", "two-words"),
            ("C++ & Rust!", "c-rust"),
            ("a - b", "a-b"),
            ("_x_", "x"),
            ("日本", ""),
        ] {
            assert_eq!(slugify(name), slug, "{name}");
        }
        assert!(slugify(&"a ".repeat(100)).len() <= MAX_SLUG);
    }
}
