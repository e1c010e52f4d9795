//! The connection to one server, and how it comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use laureola_layers::LayerError;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, FromRedisValue, IntoConnectionInfo, Pipeline,
    RedisConnectionInfo, RedisError, RedisResult, ScriptInvocation, Value,
};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use crate::backoff::Backoff;
use crate::config::Host;
use crate::config::host::Place;
use crate::error::{RedisFault, backend, ends_connection};

/// How long a connection, or the answer to a command, may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(5);
/// So often an idle connection is tried, to find one that died without a word.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// One server: the connection that all commands share, and whatever makes further ones.
///
/// While the server is away commands fail at once; [`Link::keep`] gets the connection back.
#[derive(Debug)]
pub(crate) struct Link {
    client: Client,
    /// `host:port`, for people.
    place: String,
    state: watch::Sender<State>,
    doubted: Notify,
    /// The next connection's number.
    numbers: AtomicU64,
}

#[derive(Clone, Debug)]
enum State {
    Up(Up),
    Away(String),
}

#[derive(Clone, Debug)]
struct Up {
    connection: MultiplexedConnection,
    /// Which connection it is, so that a late error cannot end its successor.
    number: u64,
    /// The server's `run_id`; another one means that it was started anew or replaced.
    run_id: Option<String>,
}

impl Link {
    /// Connects, or says within the deadline why not.
    pub(crate) async fn open(host: &Host) -> Result<Self, LayerError> {
        let client = client(host)?;
        let place = client.get_connection_info().addr().to_string();
        let up = connect(&client, 0)
            .await
            .map_err(|fault| backend(format!("cannot reach Redis at {place}"), fault))?;
        Ok(Self {
            client,
            place,
            state: watch::Sender::new(State::Up(up)),
            doubted: Notify::new(),
            numbers: AtomicU64::new(1),
        })
    }

    /// One command; `what` completes "cannot …".
    pub(crate) async fn query<T: FromRedisValue>(&self, what: &str, command: &Cmd) -> Result<T, LayerError> {
        let mut up = self.up(what)?;
        let result = command.query_async(&mut up.connection).await;
        self.settle(what, &up, result)
    }

    /// Several commands in one round trip, each on its own.
    pub(crate) async fn pipe<T: FromRedisValue>(
        &self,
        what: &str,
        pipeline: &Pipeline,
    ) -> Result<T, LayerError> {
        let mut up = self.up(what)?;
        let result = pipeline.query_async(&mut up.connection).await;
        self.settle(what, &up, result)
    }

    /// A script.
    pub(crate) async fn script<T: FromRedisValue>(
        &self,
        what: &str,
        invocation: &ScriptInvocation<'_>,
    ) -> Result<T, LayerError> {
        let mut up = self.up(what)?;
        let result = invocation.invoke_async(&mut up.connection).await;
        self.settle(what, &up, result)
    }

    /// A connection for blocking commands. It has no deadline of its own: whoever waits sets one,
    /// for a command that is given up here would go on in the server and pop a message for nobody.
    pub(crate) async fn dedicated(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(DEADLINE))
            .set_response_timeout(None);
        self.client
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }

    /// Waits until the server is there.
    pub(crate) async fn wait_up(&self) {
        let mut state = self.state.subscribe();
        // The sender lives as long as this link.
        let _ = state.wait_for(|state| matches!(state, State::Up(_))).await;
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
        let mut state = self.state.subscribe();
        let server = match &*state.borrow_and_update() {
            State::Up(up) => up.run_id.clone(),
            State::Away(_) => None,
        };
        Returns { state, server }
    }

    /// Gets the connection back whenever it is lost. Never ends.
    pub(crate) async fn keep(self: Arc<Self>) {
        loop {
            let _ = timeout(CHECK_INTERVAL, self.doubted.notified()).await;
            // Where it is away already, this fails at once.
            let _ = self.query::<()>("ping", &redis::cmd("PING")).await;
            if self.is_away() {
                let up = self.reconnect().await;
                self.state.send_replace(State::Up(up));
                tracing::info!(redis = %self.place, "redis is back");
            }
        }
    }

    async fn reconnect(&self) -> Up {
        let mut backoff = Backoff::new();
        loop {
            let number = self.numbers.fetch_add(1, Ordering::Relaxed);
            match connect(&self.client, number).await {
                Ok(up) => return up,
                Err(fault) => {
                    self.state.send_replace(State::Away(fault.to_string()));
                    backoff.pause().await;
                }
            }
        }
    }

    fn is_away(&self) -> bool {
        matches!(&*self.state.borrow(), State::Away(_))
    }

    fn up(&self, what: &str) -> Result<Up, LayerError> {
        match &*self.state.borrow() {
            State::Up(up) => Ok(up.clone()),
            State::Away(why) => Err(self.failed(what, RedisFault::Away(why.clone()))),
        }
    }

    fn settle<T>(&self, what: &str, up: &Up, result: RedisResult<T>) -> Result<T, LayerError> {
        result.map_err(|error| {
            if ends_connection(&error) {
                self.lost(up.number, &error);
            }
            self.failed(what, RedisFault::new(&error, DEADLINE))
        })
    }

    fn lost(&self, number: u64, error: &RedisError) {
        let why = error.to_string();
        let lost = self.state.send_if_modified(|state| match state {
            State::Up(up) if up.number == number => {
                *state = State::Away(why.clone());
                true
            }
            _ => false,
        });
        if lost {
            tracing::warn!(redis = %self.place, error = %why, "redis is away; reconnecting");
            self.doubted.notify_one();
        }
    }

    fn failed(&self, what: &str, fault: RedisFault) -> LayerError {
        backend(format!("cannot {what} at Redis {}", self.place), fault)
    }
}

/// What [`Link::returns`] gives.
#[derive(Debug)]
pub(crate) struct Returns {
    state: watch::Receiver<State>,
    server: Option<String>,
}

impl Returns {
    /// Waits until a lost connection is back, and tells whether it leads to the same run of the
    /// same server. One that was started anew may have forgotten everything.
    pub(crate) async fn next(&mut self) -> Server {
        loop {
            if self.state.changed().await.is_err() {
                // The link is gone, and with it all connections.
                std::future::pending::<()>().await;
            }
            let State::Up(up) = &*self.state.borrow_and_update() else {
                continue;
            };
            let same = up.run_id.is_some() && up.run_id == self.server;
            self.server.clone_from(&up.run_id);
            return if same { Server::Same } else { Server::Other };
        }
    }
}

/// Where a new connection leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// To the server that was there before.
    Same,
    /// To another one, or nobody can tell.
    Other,
}

/// What the client library makes of a host.
fn client(host: &Host) -> Result<Client, LayerError> {
    let refused = |why: String| {
        backend(
            format!("the Redis host {host} cannot be used"),
            RedisFault::Host(why),
        )
    };
    let address = match &host.place {
        Place::Tcp(name, port) if host.tls.is_none() => ConnectionAddr::Tcp(name.clone(), *port),
        Place::Unix(path) => ConnectionAddr::Unix(path.clone()),
        Place::Nowhere(why) => return Err(refused(why.to_string())),
        _ => return Err(refused("TLS and Sentinel are not supported yet".to_owned())),
    };
    let mut login = RedisConnectionInfo::default().set_db(host.login.db);
    if let Some(username) = &host.login.username {
        login = login.set_username(username);
    }
    if let Some(password) = &host.login.password {
        login = login.set_password(password);
    }
    let info = address.into_connection_info().map(|info| {
        // Commands are small and wait for each other's answers: none may wait for a full packet.
        let settings = info.tcp_settings().clone().set_nodelay(true);
        info.set_tcp_settings(settings).set_redis_settings(login)
    });
    info.and_then(Client::open)
        .map_err(|error| refused(error.to_string()))
}

async fn connect(client: &Client, number: u64) -> Result<Up, RedisFault> {
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
        let run_id = info.as_deref().and_then(run_id);
        let up = Up {
            connection,
            number,
            run_id,
        };
        Ok::<_, RedisError>((up, role.is_some_and(|role| is_replica(&role))))
    };
    match timeout(DEADLINE, connecting).await {
        Ok(Ok((_, true))) => Err(RedisFault::Replica),
        Ok(Ok((up, false))) => Ok(up),
        Ok(Err(error)) => Err(RedisFault::new(&error, DEADLINE)),
        Err(_) => Err(RedisFault::Timeout(DEADLINE)),
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
