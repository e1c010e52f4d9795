//! The connection to one server, and how it comes back.
//!
//! # Layout
//! - this file: [`Link`], the connection that all commands share, and whatever makes further ones
//! - `target`: what is connected to; `sentinel`: who the master is
//! - `connect`: a connection that is fit for use; `keep`: the one loop that gets it back
//! - `returns`: who wants to know that it was lost and came back

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use laureola_layers::LayerError;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult,
    ScriptInvocation,
};
use tokio::sync::{Notify, watch};

use crate::config::Host;
use crate::config::host::{Place, joined};
use crate::error::{RedisFault, backend, ends_connection};

mod connect;
mod keep;
mod returns;
mod sentinel;
mod target;

pub(crate) use returns::{Change, Returns, Server};
pub(crate) use target::client;

/// How long a connection, or the answer to a command, may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(5);

/// One server: the connection that all commands share, and whatever makes further ones.
///
/// While the server is away commands fail at once; [`Link::keep`] gets the connection back.
#[derive(Debug)]
pub(crate) struct Link {
    host: Host,
    /// `host:port`, for people.
    place: String,
    state: watch::Sender<State>,
    doubted: Notify,
    /// Changes when a Sentinel says that the master is, or may be, another; and which, until it was
    /// tried.
    switched: watch::Sender<Option<Address>>,
    /// The next connection's number.
    numbers: AtomicU64,
    /// How often the address changed.
    moves: AtomicU64,
}

/// Host and port.
type Address = (String, u16);

#[derive(Clone, Debug)]
enum State {
    Up(Arc<Up>),
    Away(String),
}

#[derive(Debug)]
struct Up {
    connection: MultiplexedConnection,
    /// Which connection it is, so that a late error cannot end its successor.
    number: u64,
    /// The server's `run_id`; another one means that it was started anew or replaced.
    run_id: Option<String>,
    /// Where it leads, which Sentinels decide.
    address: String,
    /// What makes others that lead there.
    client: Client,
    /// [`Link::moves`] when it was made.
    moves: u64,
}

impl Link {
    /// Connects, or says within the deadline why not.
    pub(crate) async fn open(host: &Host) -> Result<Self, LayerError> {
        let place = match &host.place {
            Place::Tcp(name, port) => joined(name, *port),
            Place::Unix(path) => path.display().to_string(),
            Place::Sentinel(sentinels) => sentinels.to_string(),
            Place::Nowhere(why) => {
                let fault = RedisFault::Host(why.to_string());
                return Err(backend("a Redis host cannot be used".to_owned(), fault));
            }
        };
        let up = connect::connect(host, None, 0)
            .await
            .map_err(|fault| backend(format!("cannot reach Redis at {place}"), fault))?;
        Ok(Self {
            host: host.clone(),
            place,
            state: watch::Sender::new(State::Up(Arc::new(up))),
            doubted: Notify::new(),
            switched: watch::Sender::new(None),
            numbers: AtomicU64::new(1),
            moves: AtomicU64::new(0),
        })
    }

    /// One command; `what` completes "cannot …".
    pub(crate) async fn query<T: FromRedisValue>(&self, what: &str, command: &Cmd) -> Result<T, LayerError> {
        let up = self.up(what)?;
        let mut connection = up.connection.clone();
        let result = self.answer(up.number, command.query_async(&mut connection)).await;
        self.settle(what, &up, result)
    }

    /// Several commands in one round trip, each on its own.
    pub(crate) async fn pipe<T: FromRedisValue>(
        &self,
        what: &str,
        pipeline: &Pipeline,
    ) -> Result<T, LayerError> {
        let up = self.up(what)?;
        let mut connection = up.connection.clone();
        let result = self
            .answer(up.number, pipeline.query_async(&mut connection))
            .await;
        self.settle(what, &up, result)
    }

    /// A script.
    pub(crate) async fn script<T: FromRedisValue>(
        &self,
        what: &str,
        invocation: &ScriptInvocation<'_>,
    ) -> Result<T, LayerError> {
        let up = self.up(what)?;
        let mut connection = up.connection.clone();
        let result = self
            .answer(up.number, invocation.invoke_async(&mut connection))
            .await;
        self.settle(what, &up, result)
    }

    /// A connection for blocking commands. It has no deadline of its own: whoever waits sets one,
    /// for a command that is given up here would go on in the server and pop a message for nobody.
    pub(crate) async fn dedicated(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(DEADLINE))
            .set_response_timeout(None);
        let client = self.client().await.map_err(|fault| {
            let text = fault.to_string();
            RedisError::from((ErrorKind::Io, "cannot connect", text))
        })?;
        client.get_multiplexed_async_connection_with_config(&config).await
    }

    /// What makes connections to the server; for Sentinels, to the present master.
    pub(crate) async fn client(&self) -> Result<Client, RedisFault> {
        if let (Place::Sentinel(_), State::Up(up)) = (&self.host.place, &*self.state.borrow()) {
            // Known to be the master, which a Sentinel may hear later than we.
            return Ok(up.client.clone());
        }
        client(&self.host).await
    }

    /// Waits until the server is there.
    pub(crate) async fn wait_up(&self) {
        let mut state = self.state.subscribe();
        // The sender lives as long as this link.
        let _ = state.wait_for(|state| matches!(state, State::Up(_))).await;
    }

    /// How often the link went to another address, for [`Link::moved`].
    pub(crate) fn moves(&self) -> u64 {
        self.moves.load(Ordering::Acquire)
    }

    /// Waits until the link goes to another address than when [`Link::moves`] said this: a
    /// connection made then leads to a server that is the master no more, and may never tell.
    pub(crate) async fn moved(&self, moves: u64) {
        let mut state = self.state.subscribe();
        let _ = state
            .wait_for(|state| matches!(state, State::Up(up) if up.moves != moves))
            .await;
    }

    /// Something else lost its connection: look whether the server is still there.
    pub(crate) fn doubt(&self) {
        self.doubted.notify_one();
    }

    /// `host:port`.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Tells of connections that were lost and came back.
    pub(crate) fn returns(&self) -> Returns {
        Returns::new(self.state.subscribe())
    }

    fn up(&self, what: &str) -> Result<Arc<Up>, LayerError> {
        match &*self.state.borrow() {
            State::Up(up) => Ok(Arc::clone(up)),
            State::Away(why) => Err(self.failed(what, RedisFault::Away(why.clone()))),
        }
    }

    /// Waits for an answer; where Sentinels may name another master meanwhile, not longer than it is
    /// the master that was asked. Elsewhere the server alone decides, and the deadline.
    async fn answer<T>(&self, number: u64, answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        if !matches!(self.host.place, Place::Sentinel(_)) {
            return answer.await;
        }
        let mut state = self.state.subscribe();
        let replaced = state.wait_for(|state| !matches!(state, State::Up(up) if up.number == number));
        tokio::select! {
            biased;
            answer = answer => answer,
            _ = replaced => Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()),
        }
    }

    fn settle<T>(&self, what: &str, up: &Up, result: RedisResult<T>) -> Result<T, LayerError> {
        result.map_err(|error| {
            let fault = RedisFault::new(&error, DEADLINE);
            if ends_connection(&error) {
                self.lost(up.number, &fault.to_string());
            }
            self.failed(what, fault)
        })
    }

    /// The connection with this number is of no use any more. [`Link::keep`] says so in the log: whoever finds it may be
    /// a thread that has none.
    fn lost(&self, number: u64, why: &str) {
        let lost = self.state.send_if_modified(|state| match state {
            State::Up(up) if up.number == number => {
                *state = State::Away(why.to_owned());
                true
            }
            _ => false,
        });
        if lost {
            self.doubted.notify_one();
        }
    }

    fn failed(&self, what: &str, fault: RedisFault) -> LayerError {
        backend(format!("cannot {what} at Redis {}", self.place), fault)
    }
}
