//! A connection that is fit for use: to a master that answers.

use redis::{AsyncConnectionConfig, RedisError, RedisResult, Value};
use tokio::time::timeout;

use super::{DEADLINE, Up, target};
use crate::config::Host;
use crate::error::RedisFault;

/// Connects, within the deadline.
pub(super) async fn connect(host: &Host, number: u64) -> Result<Up, RedisFault> {
    timeout(DEADLINE, attempt(host, number))
        .await
        .unwrap_or(Err(RedisFault::Timeout(DEADLINE)))
}

async fn attempt(host: &Host, number: u64) -> Result<Up, RedisFault> {
    let client = target::client(host).await?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(DEADLINE))
        .set_response_timeout(Some(DEADLINE));
    let connecting = async {
        let mut connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        // A server that still loads its data refuses this.
        redis::cmd("PING").query_async::<()>(&mut connection).await?;
        let (role, mut info) = (redis::cmd("ROLE"), redis::cmd("INFO"));
        info.arg("server");
        let role = permitted(role.query_async::<Value>(&mut connection).await)?;
        let info = permitted(info.query_async::<String>(&mut connection).await)?;
        let up = Up {
            connection,
            number,
            run_id: info.as_deref().and_then(run_id),
            address: client.get_connection_info().addr().to_string(),
            moves: 0,
        };
        Ok::<_, RedisError>((up, role.is_some_and(|role| is_replica(&role))))
    };
    match connecting.await {
        Ok((_, true)) => Err(RedisFault::Replica),
        Ok((up, false)) => Ok(up),
        Err(error) => Err(RedisFault::new(&error, DEADLINE)),
    }
}

/// Reads the answer to `ROLE`.
fn is_replica(role: &Value) -> bool {
    let Value::Array(fields) = role else {
        return false;
    };
    matches!(fields.first(), Some(Value::BulkString(role)) if role == b"slave")
}

/// Takes what an access list forbids for unknown.
fn permitted<T>(result: RedisResult<T>) -> RedisResult<Option<T>> {
    match result {
        Err(error) if error.code() == Some("NOPERM") => Ok(None),
        result => result.map(Some),
    }
}

fn run_id(info: &str) -> Option<String> {
    info.lines()
        .find_map(|line| line.strip_prefix("run_id:"))
        .map(|id| id.trim().to_owned())
}
