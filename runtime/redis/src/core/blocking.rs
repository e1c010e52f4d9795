//! A connection of its own that waits for the next message of one key.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, RedisError, RedisResult, ScriptInvocation};
use tokio::time::timeout;

use crate::link::{DEADLINE, Link};
use crate::stop::Stop;

/// How long the server waits in one turn, as in channels_redis.
pub(crate) const TURN: Duration = Duration::from_secs(5);
/// How long an unblocked turn may take to end before it is unblocked once more: the first time
/// may have come before the server knew of the turn.
const UNBLOCK_AGAIN: Duration = Duration::from_millis(50);
const UNBLOCK_ATTEMPTS: usize = 40;

/// A member of a queue and its score, in the server's own text.
#[derive(Clone, Debug)]
pub(crate) struct Popped {
    pub(crate) member: Bytes,
    pub(crate) score: Bytes,
}

/// A connection that blocks.
///
/// No turn is ever given up while its answer may hold a message: to stop one, the server is asked
/// to end it (`CLIENT UNBLOCK`), and its answer is still read. What remains is the connection
/// that dies after the server popped and before the answer arrived: that one message is lost.
#[derive(Debug)]
pub(crate) struct Blocking {
    link: Arc<Link>,
    connection: MultiplexedConnection,
    /// The server's number for this connection, where it tells.
    id: Option<i64>,
    stop: Stop,
    /// [`Link::moves`] when it was opened.
    moves: u64,
}

impl Blocking {
    /// Connects.
    pub(crate) async fn open(link: &Arc<Link>, stop: &Stop) -> RedisResult<Self> {
        let moves = link.moves();
        let mut connection = link.dedicated().await?;
        // For people who look at CLIENT LIST; an access list may forbid it.
        let mut name = redis::cmd("CLIENT");
        name.arg("SETNAME").arg("laureola-receive");
        let _ = within(name.query_async::<()>(&mut connection)).await;
        let mut id = redis::cmd("CLIENT");
        id.arg("ID");
        let id = within(id.query_async::<i64>(&mut connection)).await.ok();
        Ok(Self {
            link: Arc::clone(link),
            connection,
            id,
            stop: stop.clone(),
            moves,
        })
    }

    /// Runs a script on this connection, so that it takes its place among the pops.
    pub(crate) async fn script<T: FromRedisValue>(
        &mut self,
        invocation: &ScriptInvocation<'_>,
    ) -> RedisResult<T> {
        tokio::select! {
            biased;
            answer = within(invocation.invoke_async(&mut self.connection)) => answer,
            () = self.link.moved(self.moves) => Err(too_late()),
        }
    }

    /// One turn: pops the oldest member, or waits for one. `None` after five seconds, and when
    /// the layer stops.
    pub(crate) async fn pop(&mut self, key: &str) -> RedisResult<Option<Popped>> {
        let mut command = redis::cmd("BZPOPMIN");
        command.arg(key).arg(TURN.as_secs());
        let turn = timeout(
            TURN + DEADLINE,
            command.query_async::<Option<(Bytes, Bytes, Bytes)>>(&mut self.connection),
        );
        tokio::pin!(turn);
        let answer = tokio::select! {
            biased;
            answer = &mut turn => answer,
            // The server hangs, or is no master any more: what it may still pop, nobody sends there.
            () = self.link.moved(self.moves) => return Err(too_late()),
            () = self.stop.wait() => {
                for _ in 0..UNBLOCK_ATTEMPTS {
                    if let Some(id) = self.id {
                        let mut unblock = redis::cmd("CLIENT");
                        unblock.arg("UNBLOCK").arg(id);
                        let _ = self.link.query::<()>("unblock a receiver", &unblock).await;
                    }
                    if let Ok(answer) = timeout(UNBLOCK_AGAIN, &mut turn).await {
                        return Ok(popped(answer.map_err(|_| too_late())??));
                    }
                }
                turn.await
            }
        };
        Ok(popped(answer.map_err(|_| too_late())??))
    }
}

fn popped(answer: Option<(Bytes, Bytes, Bytes)>) -> Option<Popped> {
    answer.map(|(_, member, score)| Popped { member, score })
}

async fn within<T>(answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    timeout(DEADLINE, answer)
        .await
        .unwrap_or_else(|_| Err(too_late()))
}

fn too_late() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}
