//! Lists in Redis: a list of JSON texts and a counter per room.

use std::sync::Arc;

use redis::aio::ConnectionManager;
use redis::{RedisError, Script};

use super::{Entry, Keep};

/// Redis did not answer.
#[derive(Debug, thiserror::Error)]
#[error("the room's history is out of reach: {0}")]
pub struct RedisHistoryError(#[from] RedisError);

/// Takes the next key, at least the time that is given, and adds the entry, whose JSON ends where its key is to stand.
const ADD: &str = "if redis.call('INCR', KEYS[2]) < tonumber(ARGV[4]) then redis.call('SET', KEYS[2], ARGV[4]) end \
    local id = redis.call('GET', KEYS[2]) \
    redis.call('RPUSH', KEYS[1], ARGV[1] .. id .. '}') \
    redis.call('LTRIM', KEYS[1], -ARGV[2], -1) \
    redis.call('EXPIRE', KEYS[1], ARGV[3]) \
    redis.call('EXPIRE', KEYS[2], ARGV[3] * 2) \
    return tonumber(id)";

/// The lists of a chat on several servers. Clones share the connection.
#[derive(Clone)]
pub struct RedisHistory {
    connection: ConnectionManager,
    prefix: Arc<str>,
    keep: Keep,
    add: Arc<Script>,
}

impl std::fmt::Debug for RedisHistory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisHistory")
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl RedisHistory {
    /// Lists under `<prefix>:laureola:chat:`, where `prefix` is the channel layer's.
    #[must_use]
    pub fn new(connection: ConnectionManager, prefix: &str, keep: Keep) -> Self {
        Self {
            connection,
            prefix: format!("{prefix}:laureola:chat:").into(),
            keep,
            add: Arc::new(Script::new(ADD)),
        }
    }

    fn list(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    pub(super) async fn add(&self, key: &str, entry: &mut Entry) -> Result<(), RedisHistoryError> {
        let list = self.list(key);
        // The key last, for the script to fill in.
        let open = format!(
            "{{\"username\":{},\"message\":{},\"at\":{},\"guest\":{},\"id\":",
            serde_json::Value::from(entry.username.as_str()),
            serde_json::Value::from(entry.message.as_str()),
            entry.at,
            entry.guest,
        );
        entry.id = self
            .add
            .key(&list)
            .key(format!("{list}:last"))
            .arg(open)
            .arg(self.keep.messages)
            .arg(self.keep.idle.as_secs().max(1))
            .arg(super::now())
            .invoke_async(&mut self.connection.clone())
            .await?;
        Ok(())
    }

    pub(super) async fn note(&self, key: &str, entry: &Entry) -> Result<(), RedisHistoryError> {
        let list = self.list(key);
        let text = serde_json::to_string(entry).unwrap_or_default();
        redis::pipe()
            .atomic()
            .rpush(&list, text)
            .ignore()
            .ltrim(
                &list,
                -isize::try_from(self.keep.messages).unwrap_or(isize::MAX),
                -1,
            )
            .ignore()
            .expire(
                &list,
                i64::try_from(self.keep.idle.as_secs().max(1)).unwrap_or(i64::MAX),
            )
            .ignore()
            .query_async::<()>(&mut self.connection.clone())
            .await?;
        Ok(())
    }

    pub(super) async fn entries(&self, key: &str) -> Result<Vec<Entry>, RedisHistoryError> {
        let texts: Vec<String> = redis::cmd("LRANGE")
            .arg(self.list(key))
            .arg(0)
            .arg(-1)
            .query_async(&mut self.connection.clone())
            .await?;
        // What is no entry was put there by somebody else.
        Ok(texts
            .iter()
            .filter_map(|text| serde_json::from_str(text).ok())
            .collect())
    }

    pub(super) async fn forget(&self, key: &str) -> Result<(), RedisHistoryError> {
        redis::cmd("DEL")
            .arg(self.list(key))
            .query_async::<()>(&mut self.connection.clone())
            .await?;
        Ok(())
    }
}
