//! The task that keeps one server in line with what is wanted there, over as many connections as
//! it takes.

use std::sync::Arc;
use std::time::Duration;

use redis::ConnectionInfo;
use tokio::time::{sleep, timeout};

use super::connection::Connection;
use super::inbox::Inbox;
use super::options::Protocol;
use super::outage::Outages;
use super::topics::{Topic, Topics};
use crate::backoff::Backoff;
use crate::error::RedisFault;
use crate::link::Link;
use crate::stop::Stop;

/// So often an idle connection is tried, to find one that died without a word.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// How long the farewell may take; the end of the connection says the same.
const FAREWELL: Duration = Duration::from_secs(1);

/// One server's, or one Cluster's, subscriptions.
#[derive(Debug)]
pub(crate) struct Subscriber {
    /// Which of the layer's servers.
    pub(crate) number: usize,
    pub(crate) source: Source,
    pub(crate) protocol: Protocol,
    pub(crate) topics: Arc<Topics>,
    pub(crate) inbox: Inbox,
    pub(crate) outages: Arc<Outages>,
}

/// Where connections lead.
#[derive(Debug)]
pub(crate) enum Source {
    Server(Arc<Link>),
    /// Nodes of a Cluster.
    Cluster(Vec<ConnectionInfo>),
}

/// How a session ended.
enum End {
    Stopped,
    Lost(RedisFault),
}

impl Subscriber {
    /// A new connection, with no subscriptions yet.
    pub(crate) async fn connect(&self) -> Result<Connection, RedisFault> {
        match &self.source {
            Source::Server(link) => Connection::open(&link.client().await?, self.protocol, &self.inbox).await,
            Source::Cluster(nodes) => Connection::open_cluster(nodes, &self.inbox).await,
        }
    }

    /// Subscribes and unsubscribes until the layer stops.
    pub(crate) async fn run(self, first: Connection, stop: Stop) {
        let (mut next, mut backoff, mut log) = (Some(first), Backoff::new(), Log::default());
        loop {
            let connected = match next.take() {
                Some(connection) => Ok(connection),
                None => tokio::select! {
                    connected = self.connect() => connected,
                    () = stop.wait() => break,
                },
            };
            let end = match connected {
                Ok(connection) => self.session(&connection, &stop, &mut backoff, &mut log).await,
                Err(fault) => End::Lost(fault),
            };
            let End::Lost(why) = end else {
                break;
            };
            self.topics.away(&RedisFault::Away(why.to_string()));
            self.outages.begin(self.number);
            log.failed(&self.source, &why);
            if log.attempts > 1 {
                tokio::select! {
                    () = self.source.pause(&mut backoff) => {}
                    () = stop.wait() => break,
                }
            }
        }
        self.topics
            .away(&RedisFault::Away("the layer is closed".to_owned()));
    }

    /// Lives with one connection.
    async fn session(
        &self,
        connection: &Connection,
        stop: &Stop,
        backoff: &mut Backoff,
        log: &mut Log,
    ) -> End {
        let moves = self.source.moves();
        let begun = self.topics.begin();
        if let Err(fault) = self.subscribe(connection, &begun).await {
            return End::Lost(fault);
        }
        self.topics.up();
        self.outages.end(self.number);
        backoff.reset();
        log.back(&self.source, begun.len());
        loop {
            tokio::select! {
                () = stop.wait() => {
                    let _ = timeout(FAREWELL, self.settle(connection)).await;
                    return End::Stopped;
                }
                () = connection.lost() => return End::Lost(RedisFault::Other("the server ended it".to_owned())),
                // The old master may hang, or live on as a replica of the new one.
                () = self.source.moved(moves) => {
                    return End::Lost(RedisFault::Other("the master is another".to_owned()));
                }
                () = self.topics.changed() => {
                    if let Err(fault) = self.settle(connection).await {
                        return End::Lost(fault);
                    }
                }
                () = sleep(CHECK_INTERVAL) => {
                    if let Err(fault) = connection.ping().await {
                        return End::Lost(fault);
                    }
                }
            }
        }
    }

    /// Tells the server what has changed.
    async fn settle(&self, connection: &Connection) -> Result<(), RedisFault> {
        let changes = self.topics.take_changes();
        connection.unsubscribe(&changes.unsubscribe).await?;
        self.subscribe(connection, &changes.subscribe).await
    }

    async fn subscribe(&self, connection: &Connection, topics: &[Topic]) -> Result<(), RedisFault> {
        let refused = connection.subscribe(topics).await?;
        if refused.is_empty() {
            self.topics.confirm(topics);
            return Ok(());
        }
        let mut confirmed = topics.to_vec();
        for (topic, fault) in refused {
            tracing::warn!(redis = self.source.place(), %topic, error = %fault, "the server refuses a subscription");
            confirmed.retain(|other| *other != topic);
            self.topics.refuse(&topic, &fault);
        }
        self.topics.confirm(&confirmed);
        Ok(())
    }
}

impl Source {
    /// Until another attempt may be worth it.
    async fn pause(&self, backoff: &mut Backoff) {
        backoff.pause().await;
        if let Self::Server(link) = self {
            link.wait_up().await;
        }
    }

    /// How often the server's address changed.
    fn moves(&self) -> u64 {
        match self {
            Self::Server(link) => link.moves(),
            Self::Cluster(_) => 0,
        }
    }

    /// Waits until it changes again.
    async fn moved(&self, moves: u64) {
        match self {
            Self::Server(link) => link.moved(moves).await,
            Self::Cluster(_) => std::future::pending().await,
        }
    }

    fn place(&self) -> String {
        match self {
            Self::Server(link) => link.place().to_owned(),
            Self::Cluster(nodes) => {
                let nodes: Vec<_> = nodes.iter().map(|node| node.addr().to_string()).collect();
                nodes.join(", ")
            }
        }
    }
}

/// One line for going and one for coming back. When the whole server is away, the link says so:
/// what its first successor can replace at once was this connection alone, and what fails again
/// after the link is back has a reason of its own.
#[derive(Debug, Default)]
struct Log {
    /// Since the last session.
    attempts: usize,
    why: Option<String>,
    complained: bool,
}

impl Log {
    fn failed(&mut self, source: &Source, why: &RedisFault) {
        self.attempts += 1;
        let redis = source.place();
        tracing::debug!(redis, error = %why, "not subscribed");
        match source {
            Source::Server(link) => {
                link.doubt();
                match self.attempts {
                    1 => self.why = Some(why.to_string()),
                    3 => {
                        self.complained = true;
                        tracing::warn!(redis, error = %why, "cannot subscribe; trying again");
                    }
                    _ => {}
                }
            }
            Source::Cluster(_) if self.attempts == 1 => {
                self.complained = true;
                tracing::warn!(redis, error = %why, "the subscribing connections are lost; reconnecting");
            }
            Source::Cluster(_) => {}
        }
    }

    fn back(&mut self, source: &Source, subscriptions: usize) {
        let Self {
            attempts,
            why,
            complained,
        } = std::mem::take(self);
        let redis = source.place();
        match (why, source) {
            (Some(error), Source::Server(_)) if attempts == 1 => {
                tracing::warn!(redis, error, "the subscribing connection was lost");
                tracing::info!(redis, subscriptions, "subscribed again");
            }
            _ if complained => tracing::info!(redis, subscriptions, "subscribed again"),
            _ if attempts > 0 => tracing::debug!(redis, subscriptions, "subscribed again"),
            _ => {}
        }
    }
}
