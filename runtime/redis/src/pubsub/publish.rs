//! The connection that publishes.

use std::sync::Arc;

use bytes::Bytes;
use laureola_layers::LayerError;
use redis::cluster_async::ClusterConnection;
use redis::{ConnectionInfo, RedisResult};
use tokio::time::timeout;

use super::connection::cluster;
use crate::error::{RedisFault, backend};
use crate::link::{DEADLINE, Link};

/// Publishes at one server or in one Cluster. Commands of all callers are pipelined over one
/// connection, in the order in which they are first polled.
pub(crate) enum Publisher {
    Server(Arc<Link>),
    Cluster {
        connection: ClusterConnection,
        place: Box<str>,
    },
}

impl Publisher {
    /// Connects to the Cluster that these nodes belong to.
    pub(crate) async fn cluster(nodes: &[ConnectionInfo]) -> Result<Self, LayerError> {
        let place: Vec<_> = nodes.iter().map(|node| node.addr().to_string()).collect();
        let place = place.join(", ").into_boxed_str();
        let connecting = async { cluster(nodes).build()?.get_async_connection().await };
        match within(connecting).await {
            Ok(connection) => Ok(Self::Cluster { connection, place }),
            Err(fault) => Err(backend(
                format!("cannot reach the Redis Cluster at {place}"),
                fault,
            )),
        }
    }

    /// Publishes; the server has it when this returns. `what` completes "cannot …".
    pub(crate) async fn publish(&self, what: &str, topic: &str, payload: &Bytes) -> Result<(), LayerError> {
        match self {
            Self::Server(link) => {
                let mut command = redis::cmd("PUBLISH");
                command.arg(topic).arg(&**payload);
                link.query(what, &command).await
            }
            Self::Cluster { connection, .. } => {
                let mut command = redis::cmd("SPUBLISH");
                command.arg(topic).arg(&**payload);
                within(command.query_async(&mut connection.clone()))
                    .await
                    .map_err(|fault| self.failed(what, fault))
            }
        }
    }

    /// An error that says what was tried and where.
    pub(crate) fn failed(&self, what: &str, fault: RedisFault) -> LayerError {
        backend(format!("cannot {what} at Redis {}", self.place()), fault)
    }

    /// Where it is, for people.
    pub(crate) fn place(&self) -> &str {
        match self {
            Self::Server(link) => link.place(),
            Self::Cluster { place, .. } => place,
        }
    }
}

async fn within<T>(answer: impl Future<Output = RedisResult<T>>) -> Result<T, RedisFault> {
    match timeout(DEADLINE, answer).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(RedisFault::new(&error, DEADLINE)),
        Err(_) => Err(RedisFault::Timeout(DEADLINE)),
    }
}

impl std::fmt::Debug for Publisher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Publisher({})", self.place())
    }
}
