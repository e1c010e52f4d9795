//! Testing an application: without a server by the communicators, and behind a real one by [`LiveServer`].

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use laureola_asgi::Application;
use laureola_server::readiness::Stage;
use laureola_server::{BindError, Server, StartupError};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub use laureola_consumers::testing::*;

/// Starting, and stopping.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a live server did not start or end as it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LiveServerError {
    /// There is no port to listen at.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The application's lifespan failed.
    #[error(transparent)]
    Startup(#[from] StartupError),
    /// The application did not start, or did not end.
    #[error("the live server waited {waited:?} for {expected}")]
    Timeout {
        /// What it waited for.
        expected: &'static str,
        /// How long.
        waited: Duration,
    },
    /// Its task panicked, or was cancelled.
    #[error("the live server's task ended: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// An application behind a real server, on a free port of the loopback interface (Channels:
/// `ChannelsLiveServerTestCase`). It runs in the test's own runtime and process, so that a database in memory, or a
/// layer, is the same one. Dropped, it is cut off.
///
/// ```
/// use laureola::testing::LiveServer;
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = LiveServer::start(laureola::asgi::router::NotFound).await?;
/// assert_eq!(server.url("/rooms/"), format!("http://{}/rooms/", server.address()));
///
/// let mut client = tokio::net::TcpStream::connect(server.address()).await?;
/// client.write_all(b"GET /rooms/ HTTP/1.1\r\nhost: testserver\r\nconnection: close\r\n\r\n").await?;
/// let mut response = String::new();
/// client.read_to_string(&mut response).await?;
/// assert!(response.starts_with("HTTP/1.1 404 Not Found\r\n"));
/// server.stop().await?;
/// # Ok(())
/// # }
/// ```
pub struct LiveServer {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<Result<(), StartupError>>>,
}

impl LiveServer {
    /// Starts a server with default settings, but for its end, which is quick, and waits until it serves.
    ///
    /// # Errors
    /// [`LiveServerError`].
    pub async fn start(application: impl Application) -> Result<Self, LiveServerError> {
        // A test's few sockets need not be closed one after the other.
        let builder = Server::builder(application).shutdown_drain(Duration::ZERO);
        let server = builder.bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Self::of(server).await
    }

    /// The same with a server of one's own, which must listen at a TCP address.
    ///
    /// # Errors
    /// [`LiveServerError`].
    ///
    /// # Panics
    /// If it listens at none.
    pub async fn of(server: Server) -> Result<Self, LiveServerError> {
        let (address, readiness) = (server.local_addr(), server.readiness());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            server
                .serve(async {
                    let _ = stopped.await;
                })
                .await
        });
        if timeout(PATIENCE, readiness.reached(Stage::Ready)).await.is_err() {
            task.abort();
            return Err(timed_out("the application's startup"));
        }
        if !readiness.is_ready() {
            // It went past that stage at once: it did not start.
            task.await??;
            return Err(timed_out("the application's startup"));
        }
        Ok(Self {
            address,
            stop: Some(stop),
            task: Some(task),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT` and `target`.
    #[must_use]
    pub fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    /// `ws://127.0.0.1:PORT` and `target`.
    #[must_use]
    pub fn ws_url(&self, target: &str) -> String {
        format!("ws://{}{target}", self.address)
    }

    /// Stops as a server stops: sockets are closed with 1001, requests are finished.
    ///
    /// # Errors
    /// [`LiveServerError`].
    pub async fn stop(mut self) -> Result<(), LiveServerError> {
        drop(self.stop.take());
        let Some(task) = &mut self.task else {
            return Ok(());
        };
        match timeout(PATIENCE, task).await {
            Ok(ended) => Ok(ended??),
            Err(_) => Err(timed_out("its connections and application to end")),
        }
    }
}

fn timed_out(expected: &'static str) -> LiveServerError {
    LiveServerError::Timeout {
        expected,
        waited: PATIENCE,
    }
}

impl Drop for LiveServer {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl fmt::Debug for LiveServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveServer")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
