//! A connection that is fit for use: to a master that answers.

use std::io;
use std::time::Duration;

use redis::{AsyncConnectionConfig, ConnectionAddr, RedisError, RedisResult, Value};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Address, DEADLINE, Up, target};
use crate::config::Host;
use crate::error::RedisFault;

/// How long a server that closes every connection may take to say why, and how much.
const FAREWELL: Duration = Duration::from_millis(250);
const LONGEST_FAREWELL: u64 = 256;

/// Connects, within the deadline; to the master at `told` rather than the one that Sentinels name.
pub(super) async fn connect(host: &Host, told: Option<Address>, number: u64) -> Result<Up, RedisFault> {
    timeout(DEADLINE, attempt(host, told, number))
        .await
        .unwrap_or(Err(RedisFault::Timeout(DEADLINE)))
}

async fn attempt(host: &Host, told: Option<Address>, number: u64) -> Result<Up, RedisFault> {
    let client = match told {
        Some(address) => target::tcp(address, &host.login, host.tls.as_ref()).await?,
        None => target::client(host).await?,
    };
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
            client: client.clone(),
            moves: 0,
        };
        Ok::<_, RedisError>((up, role.is_some_and(|role| is_replica(&role))))
    };
    match connecting.await {
        Ok((_, true)) => Err(RedisFault::Replica),
        Ok((up, false)) => Ok(up),
        Err(error) => match RedisFault::new(&error, DEADLINE) {
            RedisFault::Dropped => Err(farewell(client.get_connection_info().addr()).await),
            fault => Err(fault),
        },
    }
}

/// Why a server closes every connection at once: it says so unasked, and the client library, which
/// expects nothing yet, drops that.
async fn farewell(address: &ConnectionAddr) -> RedisFault {
    let listening = async {
        let mut text = Vec::new();
        match address {
            ConnectionAddr::Tcp(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.take(LONGEST_FAREWELL).read_to_end(&mut text).await?;
            }
            #[cfg(unix)]
            ConnectionAddr::Unix(path) => {
                let stream = tokio::net::UnixStream::connect(path).await?;
                stream.take(LONGEST_FAREWELL).read_to_end(&mut text).await?;
            }
            // Over TLS it says nothing.
            _ => {}
        }
        io::Result::Ok(text)
    };
    match timeout(FAREWELL, listening).await {
        Ok(Ok(text)) if String::from_utf8_lossy(&text).contains("max number of clients") => {
            RedisFault::MaxClients
        }
        _ => RedisFault::Dropped,
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
