//! What is measured: our server with the smallest native application, hyper alone, tungstenite alone.

use std::convert::Infallible;
use std::env;
use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use laureola_asgi::{AppError, Command as Reply, Connection, Event, Scope, app_fn};
use laureola_server::Server;
use laureola_testkit::Process;
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};

/// Set in the environment of a bench that is to be a server, to the [`Subject`].
pub const MARKER: &str = "LAUREOLA_BENCH_PROTOCOL";

const START_DEADLINE: Duration = Duration::from_secs(20);
const HELLO: Bytes = Bytes::from_static(b"Hello, world!");

/// A server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// `laureola-server` with its defaults, which answers both HTTP and WebSockets.
    Ours,
    /// `hyper` 1.x alone: the hello.
    Hyper,
    /// `tokio-tungstenite` alone: the echo.
    Tungstenite,
}

impl Subject {
    /// Its name in tables and in [`MARKER`].
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Hyper => "hyper",
            Self::Tungstenite => "tungstenite",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Ours, Self::Hyper, Self::Tungstenite]
            .into_iter()
            .find(|subject| subject.name() == name)
    }
}

/// A running server; killed on drop.
#[derive(Debug)]
pub struct Running {
    process: Process,
    port: u16,
}

impl Running {
    /// Starts this very program as `subject`, and waits until it listens.
    ///
    /// # Errors
    /// What it wrote, if it does not.
    pub fn start(subject: Subject) -> Result<Self, String> {
        let program = env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
        let mut process = Process::spawn(subject.name(), Command::new(program).env(MARKER, subject.name()));
        let end = Instant::now() + START_DEADLINE;
        loop {
            let port = process.stdout().strip_suffix('\n').map(str::parse);
            if let Some(Ok(port)) = port {
                return Ok(Self { process, port });
            }
            if process.exit_status().is_some() || Instant::now() > end {
                return Err(format!("the server does not listen\n{}", process.output()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }
}

/// Is `subject`, on a free port that it prints, until it is killed. All have tokio's multi-thread
/// runtime as it comes, and `TCP_NODELAY`.
///
/// # Errors
/// Why it cannot listen.
pub fn serve(subject: Subject) -> Result<(), Box<dyn std::error::Error>> {
    tokio::runtime::Runtime::new()?.block_on(async {
        if subject == Subject::Ours {
            let server = Server::builder(app_fn(application))
                .bind(("127.0.0.1", 0))
                .await?;
            println!("{}", server.local_addr().port());
            return Ok(server.serve(std::future::pending()).await?);
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        println!("{}", listener.local_addr()?.port());
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            if subject == Subject::Hyper {
                tokio::spawn(hello(stream));
            } else {
                tokio::spawn(echo(stream));
            }
        }
    })
}

/// What a native application does for a hello, and for an echo.
async fn application(mut connection: Connection) -> Result<(), AppError> {
    if let Scope::Http(_) = connection.scope {
        let mut headers = HeaderMap::new();
        headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        // As hyper, which knows the body's length. Without it a response is sent in chunks.
        headers.insert(http::header::CONTENT_LENGTH, HeaderValue::from_static("13"));
        connection
            .send
            .send(Reply::start(StatusCode::OK, headers))
            .await?;
        let body = Reply::HttpResponseBody {
            body: HELLO,
            more_body: false,
        };
        return Ok(connection.send.send(body).await?);
    }
    loop {
        match connection.receive.next().await {
            Event::WebSocketConnect => connection.send.send(Reply::accept()).await?,
            Event::WebSocketReceive(payload) => {
                connection.send.send(Reply::WebSocketSend(payload)).await?;
            }
            _ => return Ok(()),
        }
    }
}

async fn hello(stream: TcpStream) {
    let service = service_fn(async |_: Request<Incoming>| {
        let mut response = Response::new(Full::new(HELLO));
        response.headers_mut().insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        Ok::<_, Infallible>(response)
    });
    // Fails when the load generator leaves in the middle, as it does at the end.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn echo(stream: TcpStream) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else {
        return;
    };
    while let Some(Ok(message)) = socket.next().await {
        let is_data = message.is_text() || message.is_binary();
        if is_data && socket.send(message).await.is_err() {
            return;
        }
    }
}
