//! A connection that subscribes.

use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::try_join_all;
use parking_lot::Mutex;
use redis::aio::{MultiplexedConnection, PubSubSink, PubSubStream, SendError};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, ErrorKind, ProtocolVersion, PushInfo, PushKind,
    RedisResult, Value,
};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::inbox::{Inbox, Published};
use super::options::Protocol;
use super::topics::Topic;
use crate::error::RedisFault;
use crate::link::DEADLINE;

/// So many names go into one command, and so many commands to a Cluster are under way at a time.
const BATCH: usize = 500;

/// A connection, or to a Cluster a set of them, that brings what is published into an [`Inbox`].
///
/// Every call is over within five seconds a batch. After an error the connection is to be dropped:
/// nobody knows what it is subscribed to.
pub(crate) struct Connection {
    kind: Kind,
    lost: watch::Receiver<bool>,
}

enum Kind {
    /// RESP3: messages are pushed between the answers to commands.
    Pushing(MultiplexedConnection),
    /// RESP2: nothing but subscriptions.
    Subscribing {
        sink: PubSubSink,
        /// The task that fills the inbox; it ends with this.
        _pump: JoinSet<()>,
    },
    /// RESP3 with every node of a Cluster, sharded.
    Sharded {
        connection: ClusterConnection,
        leaving: Leaving,
    },
}

/// A topic that an access list keeps from us.
pub(crate) type Refused = (Topic, RedisFault);

/// Shard channels we are unsubscribing from. When the server unsubscribes us from another one, its
/// slot has moved to another node.
type Leaving = Arc<Mutex<HashSet<Bytes>>>;

impl Connection {
    /// Connects to one server: with RESP3 if it speaks it and `protocol` allows it.
    pub(crate) async fn open(client: &Client, protocol: Protocol, inbox: &Inbox) -> Result<Self, RedisFault> {
        if protocol == Protocol::Newest {
            match within(Self::pushing(client, inbox)).await {
                Err(error) if refuses_resp3(&error) => {}
                result => return result.map_err(|error| RedisFault::new(&error, DEADLINE)),
            }
        }
        within(Self::subscribing(client, inbox))
            .await
            .map_err(|error| RedisFault::new(&error, DEADLINE))
    }

    async fn pushing(client: &Client, inbox: &Inbox) -> RedisResult<Self> {
        let (losing, lost) = watch::channel(false);
        let inbox = inbox.clone();
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(DEADLINE))
            .set_response_timeout(Some(DEADLINE))
            .set_push_sender(move |push: PushInfo| {
                match push.kind {
                    PushKind::Message => put(&inbox, push.data),
                    PushKind::Disconnection => drop(losing.send_replace(true)),
                    _ => {}
                }
                Ok::<_, SendError>(())
            });
        let client = Client::open(speaking(client.get_connection_info(), ProtocolVersion::RESP3))?;
        let mut connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        // For people who look at CLIENT LIST; an access list may forbid it.
        let mut name = redis::cmd("CLIENT");
        name.arg("SETNAME").arg("laureola-subscribe");
        let _ = name.query_async::<()>(&mut connection).await;
        Ok(Self {
            kind: Kind::Pushing(connection),
            lost,
        })
    }

    async fn subscribing(client: &Client, inbox: &Inbox) -> RedisResult<Self> {
        let client = Client::open(speaking(client.get_connection_info(), ProtocolVersion::RESP2))?;
        let (sink, stream) = client.get_async_pubsub().await?.split();
        let (losing, lost) = watch::channel(false);
        let mut pump = JoinSet::new();
        pump.spawn(fill(inbox.clone(), stream, losing));
        Ok(Self {
            kind: Kind::Subscribing { sink, _pump: pump },
            lost,
        })
    }

    /// Connects to the Cluster that these nodes belong to.
    pub(crate) async fn open_cluster(nodes: &[ConnectionInfo], inbox: &Inbox) -> Result<Self, RedisFault> {
        let (losing, lost) = watch::channel(false);
        let (inbox, leaving) = (inbox.clone(), Leaving::default());
        let connecting = async {
            let ours = Arc::clone(&leaving);
            let client = cluster(nodes)
                .push_sender(move |push: PushInfo| {
                    match push.kind {
                        PushKind::SMessage => put(&inbox, push.data),
                        PushKind::Disconnection => drop(losing.send_replace(true)),
                        PushKind::SUnsubscribe => {
                            let name = push.data.into_iter().next().and_then(bytes);
                            if name.is_some_and(|name| !ours.lock().remove(&name)) {
                                losing.send_replace(true);
                            }
                        }
                        _ => {}
                    }
                    Ok::<_, SendError>(())
                })
                .build()?;
            client.get_async_connection().await
        };
        let connection = within(connecting)
            .await
            .map_err(|error| RedisFault::new(&error, DEADLINE))?;
        Ok(Self {
            kind: Kind::Sharded { connection, leaving },
            lost,
        })
    }

    /// Subscribes; the server has confirmed it when this returns, except for what it refused.
    pub(crate) async fn subscribe(&self, topics: &[Topic]) -> Result<Vec<Refused>, RedisFault> {
        let mut refused = Vec::new();
        for topics in topics.chunks(BATCH) {
            match self.subscribe_batch(topics).await {
                Ok(()) => {}
                Err(error) if is_forbidden(&error) => {
                    // The server says no to all for one of them: which?
                    for topic in topics {
                        match self.subscribe_batch(std::slice::from_ref(topic)).await {
                            Ok(()) => {}
                            Err(error) if is_forbidden(&error) => {
                                refused.push((Arc::clone(topic), RedisFault::new(&error, DEADLINE)));
                            }
                            Err(error) => return Err(RedisFault::new(&error, DEADLINE)),
                        }
                    }
                }
                Err(error) => return Err(RedisFault::new(&error, DEADLINE)),
            }
        }
        Ok(refused)
    }

    async fn subscribe_batch(&self, topics: &[Topic]) -> RedisResult<()> {
        let names: Vec<&str> = topics.iter().map(AsRef::as_ref).collect();
        match &self.kind {
            Kind::Pushing(connection) => within(connection.clone().subscribe(names)).await,
            Kind::Subscribing { sink, .. } => within(sink.clone().subscribe(names)).await,
            Kind::Sharded { connection, .. } => {
                let subscribe = async |name| connection.clone().ssubscribe(name).await;
                within(try_join_all(names.into_iter().map(subscribe)))
                    .await
                    .map(drop)
            }
        }
    }

    /// Unsubscribes; the server has confirmed it when this returns.
    pub(crate) async fn unsubscribe(&self, topics: &[Topic]) -> Result<(), RedisFault> {
        for topics in topics.chunks(BATCH) {
            let names: Vec<&str> = topics.iter().map(AsRef::as_ref).collect();
            let unsubscribed = match &self.kind {
                Kind::Pushing(connection) => within(connection.clone().unsubscribe(names)).await,
                Kind::Subscribing { sink, .. } => within(sink.clone().unsubscribe(names)).await,
                Kind::Sharded { connection, leaving } => {
                    let leave = |name: &&str| Bytes::copy_from_slice(name.as_bytes());
                    leaving.lock().extend(names.iter().map(leave));
                    within(try_join_all(
                        names
                            .into_iter()
                            .map(async |name| connection.clone().sunsubscribe(name).await),
                    ))
                    .await
                    .map(drop)
                }
            };
            unsubscribed.map_err(|error| RedisFault::new(&error, DEADLINE))?;
        }
        Ok(())
    }

    /// Finds out whether a connection that is silent is still there.
    pub(crate) async fn ping(&self) -> Result<(), RedisFault> {
        let ping = redis::cmd("PING");
        let answered = match &self.kind {
            Kind::Pushing(connection) => within(ping.query_async::<()>(&mut connection.clone())).await,
            Kind::Subscribing { sink, .. } => within(sink.clone().ping::<Value>()).await.map(drop),
            // The client library tries its nodes itself.
            Kind::Sharded { .. } => Ok(()),
        };
        answered.map_err(|error| RedisFault::new(&error, DEADLINE))
    }

    /// Waits until the connection is lost.
    pub(crate) async fn lost(&self) {
        // The error says that whoever would tell is gone.
        let _ = self.lost.clone().wait_for(|lost| *lost).await;
    }
}

/// What both connections to a Cluster, the subscribing and the publishing one, are made with.
pub(crate) fn cluster(nodes: &[ConnectionInfo]) -> ClusterClientBuilder {
    ClusterClientBuilder::new(nodes.to_vec())
        .use_protocol(ProtocolVersion::RESP3)
        .connection_timeout(DEADLINE / 2)
        .response_timeout(DEADLINE / 2)
        .retries(3)
        .min_retry_wait(20)
        .max_retry_wait(200)
}

fn speaking(info: &ConnectionInfo, protocol: ProtocolVersion) -> ConnectionInfo {
    let settings = info.redis_settings().clone().set_protocol(protocol);
    info.clone().set_redis_settings(settings)
}

/// Redis 5 knows no `HELLO`, an access list or `rename-command` may take it away, and a proxy may
/// not speak the protocol.
fn refuses_resp3(error: &redis::RedisError) -> bool {
    let names_hello = || {
        let detail = error.detail().unwrap_or_default().to_ascii_lowercase();
        detail.contains("hello")
    };
    error.kind() == ErrorKind::RESP3NotSupported
        || error.code() == Some("NOPROTO")
        || (matches!(error.code(), Some("NOPERM" | "ERR") | None)
            && matches!(error.kind(), ErrorKind::Server(_))
            && names_hello())
}

fn is_forbidden(error: &redis::RedisError) -> bool {
    error.code() == Some("NOPERM")
}

/// Reads a RESP2 connection until it ends.
async fn fill(inbox: Inbox, stream: PubSubStream, losing: watch::Sender<bool>) {
    let mut stream = pin!(stream);
    while let Some(message) = stream.next().await {
        inbox.put(Published {
            topic: Bytes::copy_from_slice(message.get_channel_name().as_bytes()),
            payload: Bytes::copy_from_slice(message.get_payload_bytes()),
        });
    }
    losing.send_replace(true);
}

/// Takes the channel and the payload of a pushed message.
fn put(inbox: &Inbox, data: Vec<Value>) {
    let mut data = data.into_iter().filter_map(bytes);
    if let (Some(topic), Some(payload)) = (data.next(), data.next()) {
        inbox.put(Published { topic, payload });
    }
}

fn bytes(value: Value) -> Option<Bytes> {
    match value {
        Value::BulkString(bytes) => Some(bytes.into()),
        Value::SimpleString(text) => Some(text.into()),
        _ => None,
    }
}

async fn within<T>(answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    timeout(DEADLINE, answer)
        .await
        .unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            Kind::Pushing(_) => "Connection(RESP3)",
            Kind::Subscribing { .. } => "Connection(RESP2)",
            Kind::Sharded { .. } => "Connection(Cluster)",
        })
    }
}
