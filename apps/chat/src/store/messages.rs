//! What was said in rooms: the table `room_message` (content, date_added, room_id, user_id).

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use laureola_django::Database;
use laureola_django::database::{self, DatabaseError};
use sqlx::Connection as _;

use super::Store;
use super::rooms::get;

/// A message to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// The room's primary key.
    pub room: i64,
    /// The author's primary key.
    pub user: i64,
    /// The text; without NUL, which PostgreSQL cannot hold.
    pub content: String,
    /// When it came in.
    pub at: SystemTime,
    /// It was sent before, and nobody knows whether it was stored: it is not stored again if the author has said the
    /// same in the room behind this message.
    pub again_after: Option<i64>,
}

/// A message that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMessage {
    /// The primary key; newer messages have greater ones.
    pub id: i64,
    /// The author's name.
    pub username: String,
    /// The text.
    pub content: String,
    /// When it came in.
    pub at: SystemTime,
}

/// Which messages of a room to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The newest.
    Newest,
    /// Those before this one, the nearest.
    Before(i64),
    /// Those behind this one, the nearest.
    After(i64),
}

/// The key of a message that was stored before, if it was.
const SELECT_AGAIN: &str = "SELECT CAST(id AS BIGINT) FROM room_message \
    WHERE room_id = $1 AND user_id = $2 AND content = $3 AND id > $4 ORDER BY id LIMIT 1";
/// The same for one whose transaction ended nobody knows how: the moment, too, has to be the same. SQLite's and PostgreSQL's.
const SELECT_RETRIED: [&str; 2] = [
    "SELECT CAST(id AS BIGINT) FROM room_message WHERE room_id = $1 AND user_id = $2 AND content = $3 AND id > $4 \
     AND date_added = $5 ORDER BY id LIMIT 1",
    "SELECT CAST(id AS BIGINT) FROM room_message WHERE room_id = $1 AND user_id = $2 AND content = $3 AND id > $4 \
     AND date_added = to_timestamp($5) ORDER BY id LIMIT 1",
];

impl Store {
    /// Stores messages in their order, all or none, and returns their keys: `None` for one whose room or author is gone.
    ///
    /// # Errors
    /// The database's; then none is stored.
    pub async fn insert(&self, messages: &[NewMessage]) -> Result<Vec<Option<i64>>, DatabaseError> {
        self.insert_behind(messages, None).await
    }

    /// The same for messages that an earlier call may have stored though it failed, such as one whose connection was lost
    /// while the transaction was ended: none is stored twice. `behind` is a key from before that call.
    ///
    /// # Errors
    /// The database's; then this call has stored none, unless again the answer was lost.
    pub async fn insert_again(
        &self,
        messages: &[NewMessage],
        behind: i64,
    ) -> Result<Vec<Option<i64>>, DatabaseError> {
        self.insert_behind(messages, Some(behind)).await
    }

    async fn insert_behind(
        &self,
        messages: &[NewMessage],
        behind: Option<i64>,
    ) -> Result<Vec<Option<i64>>, DatabaseError> {
        // Two equal messages that are both sent again are two: each counts from the one before it.
        let mut found: HashMap<(i64, i64, &str), i64> = HashMap::new();
        let mut ids = Vec::with_capacity(messages.len());
        match &self.database {
            Database::Sqlite(pools) => {
                const INSERT: &str = "INSERT INTO room_message (content, date_added, user_id, room_id) \
                    SELECT $1, $2, $3, $4 WHERE EXISTS (SELECT 1 FROM room_room WHERE id = $4) \
                    AND EXISTS (SELECT 1 FROM auth_user WHERE id = $3) RETURNING CAST(id AS BIGINT)";
                let mut connection = pools.write.acquire().await?;
                // What a sender is told of must survive the machine, too. The pool may have made a new connection: to say
                // so again costs nothing.
                sqlx::query("PRAGMA synchronous = FULL")
                    .execute(&mut *connection)
                    .await?;
                let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
                for message in messages {
                    let key = (message.room, message.user, message.content.as_str());
                    if let Some(after) = message.again_after.or(behind) {
                        let after = found.get(&key).map_or(after, |id| after.max(*id));
                        let retried = message.again_after.is_none();
                        let select = if retried { SELECT_RETRIED[0] } else { SELECT_AGAIN };
                        let mut select = sqlx::query_scalar(select)
                            .bind(message.room)
                            .bind(message.user)
                            .bind(&message.content)
                            .bind(after);
                        if retried {
                            select = select.bind(database::sqlite_time(message.at));
                        }
                        if let Some(id) = select.fetch_optional(&mut *transaction).await? {
                            found.insert(key, id);
                            ids.push(Some(id));
                            continue;
                        }
                    }
                    let insert = sqlx::query_scalar(INSERT).bind(&message.content);
                    let insert = insert
                        .bind(database::sqlite_time(message.at))
                        .bind(message.user)
                        .bind(message.room);
                    let id: Option<i64> = insert.fetch_optional(&mut *transaction).await?;
                    found.extend(id.map(|id| (key, id)));
                    ids.push(id);
                }
                transaction.commit().await?;
            }
            Database::Postgres(pool) => {
                const INSERT: &str = "INSERT INTO room_message (content, date_added, user_id, room_id) \
                    SELECT $1, to_timestamp($2), $3, $4 WHERE EXISTS (SELECT 1 FROM room_room WHERE id = $4) \
                    AND EXISTS (SELECT 1 FROM auth_user WHERE id = $3) RETURNING CAST(id AS BIGINT)";
                let mut transaction = pool.begin().await?;
                for message in messages {
                    let key = (message.room, message.user, message.content.as_str());
                    if let Some(after) = message.again_after.or(behind) {
                        let after = found.get(&key).map_or(after, |id| after.max(*id));
                        let retried = message.again_after.is_none();
                        let select = if retried { SELECT_RETRIED[1] } else { SELECT_AGAIN };
                        let mut select = sqlx::query_scalar(select)
                            .bind(message.room)
                            .bind(message.user)
                            .bind(&message.content)
                            .bind(after);
                        if retried {
                            select = select.bind(database::seconds(message.at));
                        }
                        if let Some(id) = select.fetch_optional(&mut *transaction).await? {
                            found.insert(key, id);
                            ids.push(Some(id));
                            continue;
                        }
                    }
                    // The column of users is an integer of 32 bits.
                    let user = i32::try_from(message.user).unwrap_or(-1);
                    let insert = sqlx::query_scalar(INSERT).bind(&message.content);
                    let insert = insert
                        .bind(database::seconds(message.at))
                        .bind(user)
                        .bind(message.room);
                    let id: Option<i64> = insert.fetch_optional(&mut *transaction).await?;
                    found.extend(id.map(|id| (key, id)));
                    ids.push(id);
                }
                transaction.commit().await?;
            }
            _ => unreachable!("the chat is built with both databases"),
        }
        Ok(ids)
    }

    /// A page of a room's messages, at most `limit`, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn messages(
        &self,
        room: i64,
        page: Page,
        limit: u32,
    ) -> Result<Vec<StoredMessage>, DatabaseError> {
        let (bound, order, id) = match page {
            Page::Newest => ("$2 = $2", "DESC", 0),
            Page::Before(id) => ("m.id < $2", "DESC", id),
            Page::After(id) => ("m.id > $2", "ASC", id),
        };
        let select = |time: &str| {
            sqlx::AssertSqlSafe(format!(
                "SELECT CAST(m.id AS BIGINT), u.username, m.content, {time} FROM room_message m \
                 JOIN auth_user u ON u.id = m.user_id WHERE m.room_id = $1 AND {bound} ORDER BY m.id {order} LIMIT $3"
            ))
        };
        let mut messages: Vec<StoredMessage> = match &self.database {
            Database::Sqlite(pools) => {
                let query = sqlx::query(select("CAST(m.date_added AS TEXT)"))
                    .bind(room)
                    .bind(id);
                let rows = query.bind(i64::from(limit)).fetch_all(&pools.read).await?;
                let message = |row: &_| {
                    let at: String = get(row, 3)?;
                    let at = database::from_sqlite_time(&at).unwrap_or(UNIX_EPOCH);
                    Ok(StoredMessage {
                        id: get(row, 0)?,
                        username: get(row, 1)?,
                        content: get(row, 2)?,
                        at,
                    })
                };
                rows.iter().map(message).collect::<Result<_, sqlx::Error>>()?
            }
            Database::Postgres(pool) => {
                let query = sqlx::query(select("CAST(EXTRACT(EPOCH FROM m.date_added) AS FLOAT8)"));
                let rows = query
                    .bind(room)
                    .bind(id)
                    .bind(i64::from(limit))
                    .fetch_all(pool)
                    .await?;
                let message = |row: &_| {
                    // What the database keeps are microseconds; what is finer is the float's.
                    let micros: f64 = get::<_, f64>(row, 3)? * 1e6;
                    let at = UNIX_EPOCH + Duration::from_micros(micros.round() as u64);
                    Ok(StoredMessage {
                        id: get(row, 0)?,
                        username: get(row, 1)?,
                        content: get(row, 2)?,
                        at,
                    })
                };
                rows.iter().map(message).collect::<Result<_, sqlx::Error>>()?
            }
            _ => unreachable!("the chat is built with both databases"),
        };
        if order == "DESC" {
            messages.reverse();
        }
        Ok(messages)
    }

    /// How many messages a room has, and the key of the last; 0 where there is none.
    ///
    /// # Errors
    /// The database's.
    pub async fn extent(&self, room: i64) -> Result<(u64, i64), DatabaseError> {
        const SELECT: &str =
            "SELECT COUNT(*), CAST(COALESCE(MAX(id), 0) AS BIGINT) FROM room_message WHERE room_id = $1";
        let (messages, last): (i64, i64) = super::on!(&self.database, read, |pool| {
            let row = sqlx::query(SELECT).bind(room).fetch_one(pool).await?;
            (get(&row, 0)?, get(&row, 1)?)
        });
        Ok((messages.unsigned_abs(), last))
    }

    /// Deletes a message. Returns whether it was there.
    ///
    /// # Errors
    /// The database's.
    pub async fn delete_message(&self, id: i64) -> Result<bool, DatabaseError> {
        let deleted = super::on!(&self.database, write, |pool| {
            sqlx::query("DELETE FROM room_message WHERE id = $1")
                .bind(id)
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(deleted > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn store() -> (tempfile::TempDir, Store, i64, i64) {
        let dir = tempfile::tempdir().expect("a directory");
        let store = Store::open(&format!("sqlite://{}", dir.path().join("chat.sqlite3").display())).await;
        let store = store.expect("a fresh database");
        let users = laureola_django::auth::Users::new(store.database().clone(), Default::default());
        let user = laureola_django::auth::NewUser {
            username: "ada",
            password: "!",
            email: "",
            is_superuser: false,
        };
        let user = users.create(user).await.expect("created").expect("free");
        let room = store.create_room("Lobby", None).await.expect("created").id;
        (dir, store, room, user)
    }

    fn message(room: i64, user: i64, content: &str, again_after: Option<i64>) -> NewMessage {
        NewMessage {
            room,
            user,
            content: content.to_owned(),
            at: SystemTime::now(),
            again_after,
        }
    }

    #[tokio::test]
    async fn pages_are_oldest_first_and_adjoin() {
        let (_dir, store, room, user) = store().await;
        let all: Vec<_> = (0..10)
            .map(|n| message(room, user, &n.to_string(), None))
            .collect();
        let ids = store.insert(&all).await.expect("stored");
        let texts = |page| {
            let store = store.clone();
            async move {
                let page = store.messages(room, page, 3).await.expect("read");
                page.into_iter()
                    .map(|message| message.content)
                    .collect::<Vec<_>>()
            }
        };
        assert_eq!(texts(Page::Newest).await, ["7", "8", "9"]);
        assert_eq!(
            texts(Page::Before(ids[7].expect("stored"))).await,
            ["4", "5", "6"]
        );
        assert_eq!(texts(Page::After(ids[7].expect("stored"))).await, ["8", "9"]);
        assert!(
            store
                .delete_message(ids[9].expect("stored"))
                .await
                .expect("deleted")
        );
        assert_eq!(texts(Page::Newest).await, ["6", "7", "8"]);
    }

    #[tokio::test]
    async fn what_is_sent_again_is_stored_once() {
        let (_dir, store, room, user) = store().await;
        let first = store
            .insert(&[message(room, user, "ok", None)])
            .await
            .expect("stored")[0];
        // Two more, one of which was stored before the sender lost its connection.
        let second = store
            .insert(&[message(room, user, "ok", None)])
            .await
            .expect("stored")[0];
        let again = [message(room, user, "ok", first), message(room, user, "ok", first)];
        let ids = store.insert(&again).await.expect("stored");
        assert_eq!(ids[0], second);
        assert!(ids[1] > second, "the other one was not stored yet");
        assert_eq!(
            store.messages(room, Page::Newest, 100).await.expect("read").len(),
            3
        );
    }

    #[tokio::test]
    async fn what_may_have_been_stored_is_stored_once() {
        let (_dir, store, room, user) = store().await;
        let before = message(room, user, "ok", None);
        let first = store.insert(std::slice::from_ref(&before)).await.expect("stored")[0];
        let behind = first.expect("stored");
        // Twice the same at the same moment, and once at another.
        let twin = message(room, user, "ok", None);
        let batch = [twin.clone(), twin, message(room, user, "ok", None)];
        let ids = store.insert(&batch).await.expect("stored");
        assert_eq!(store.insert_again(&batch, behind).await.expect("found"), ids);
        // Of another batch nothing was stored.
        let batch = [message(room, user, "ok", None)];
        let ids = store.insert_again(&batch, behind).await.expect("stored");
        assert_eq!(ids, [Some(behind + 4)]);
    }

    #[tokio::test]
    async fn a_message_of_a_room_that_is_gone_leaves_the_others_alone() {
        let (_dir, store, room, user) = store().await;
        let batch = [
            message(room, user, "a", None),
            message(room + 1, user, "b", None),
            message(room, user + 1, "c", None),
        ];
        let ids = store.insert(&batch).await.expect("stored");
        assert!(ids[0].is_some() && ids[1].is_none() && ids[2].is_none());
        store.delete_room(room).await.expect("deleted");
        assert_eq!(store.room("lobby").await.expect("read"), None);
    }
}
