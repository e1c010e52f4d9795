//! A server in a thread of its own, with an application that records what it sees.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use laureola_asgi::{
    AppError, Application, Command, Connection, Event, HttpScope, Payload, Scope, Sender, WebSocketScope,
    app_fn,
};
use laureola_server::{Builder, Lifespan, ListenAddr, Readiness, Server};
use laureola_testkit::{RawHttp, Received, WebSocket};
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Every wait of a test ends here at the latest.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A running server; dropping it shuts it down, and waits for that.
pub(crate) struct Running {
    pub(crate) port: u16,
    /// Every place the server listens at; the first is `port`.
    pub(crate) addresses: Vec<ListenAddr>,
    pub(crate) readiness: Readiness,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(application: impl Application) -> Self {
        Self::with(application, |builder| builder)
    }

    /// Without a lifespan, unless `settings` say otherwise: what the applications count is clients.
    pub(crate) fn with(application: impl Application, settings: impl FnOnce(Builder) -> Builder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let builder = settings(Server::builder(application).lifespan(Lifespan::Off));
        let server = runtime
            .block_on(builder.bind(("127.0.0.1", 0)))
            .expect("a free port");
        let port = server.local_addr().port();
        let addresses = server.local_addrs().cloned().collect();
        let readiness = server.readiness();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let shutdown = async {
                let _ = stopped.await;
            };
            runtime
                .block_on(server.serve(shutdown))
                .expect("the application starts");
        });
        Self {
            port,
            addresses,
            readiness,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Begins the shutdown and does not wait for it.
    pub(crate) fn begin_stop(&mut self) {
        self.stop.take();
    }

    /// Shuts down and waits.
    pub(crate) fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server does not panic");
        }
    }

    /// A good client is served: whatever went before has done the server no harm.
    #[track_caller]
    pub(crate) fn assert_serves(&self) {
        assert_eq!(RawHttp::get(self.port, "/", DEADLINE).status, 200);
        let mut socket = WebSocket::connect(self.port, "/", &[]);
        socket.send_text("still there?");
        assert_eq!(socket.recv(DEADLINE), Received::Text("still there?".to_owned()));
        socket.close(1000);
        assert!(matches!(
            socket.recv(DEADLINE),
            Received::Close { code: Some(1000), .. }
        ));
    }

    /// Sends `request` on a connection of its own; the status of the response.
    #[track_caller]
    pub(crate) fn status(&self, request: impl AsRef<[u8]>) -> u16 {
        let response = RawHttp::exchange(self.port, request, DEADLINE);
        response.expect("a response").status
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// What an application saw.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Inner>);

#[derive(Default)]
struct Inner {
    disconnects: Mutex<Vec<(u16, String)>>,
    messages: Mutex<Vec<Payload>>,
    connects: AtomicUsize,
    ended: AtomicUsize,
}

impl Seen {
    pub(crate) fn disconnects(&self) -> Vec<(u16, String)> {
        self.0.disconnects.lock().clone()
    }

    pub(crate) fn codes(&self) -> Vec<u16> {
        self.0.disconnects.lock().iter().map(|(code, _)| *code).collect()
    }

    pub(crate) fn messages(&self) -> Vec<Payload> {
        self.0.messages.lock().clone()
    }

    /// Handshakes that the application knows of.
    pub(crate) fn connects(&self) -> usize {
        self.0.connects.load(Ordering::SeqCst)
    }

    /// Applications that have ended.
    pub(crate) fn ended(&self) -> usize {
        self.0.ended.load(Ordering::SeqCst)
    }

    pub(crate) fn saw(&self, event: &Event) {
        match event {
            Event::WebSocketDisconnect { code, reason } => {
                self.0.disconnects.lock().push((*code, reason.to_string()));
            }
            Event::WebSocketConnect => {
                self.0.connects.fetch_add(1, Ordering::SeqCst);
            }
            Event::HttpDisconnect => self.0.disconnects.lock().push((0, String::new())),
            Event::WebSocketReceive(payload) => self.0.messages.lock().push(payload.clone()),
            _ => {}
        }
    }

    pub(crate) fn end(&self) {
        self.0.ended.fetch_add(1, Ordering::SeqCst);
    }

    /// Waits until the application has seen a disconnect, and says whether it was one only.
    #[track_caller]
    pub(crate) fn assert_one_disconnect(&self, code: u16) {
        laureola_testkit::wait_until("a disconnect", DEADLINE, || !self.codes().is_empty());
        laureola_testkit::wait_until("the application's end", DEADLINE, || self.ended() > 0);
        assert_eq!(self.codes(), [code]);
    }
}

/// Echoes WebSocket messages, and HTTP bodies behind what the scope holds.
pub(crate) fn echo(seen: Seen) -> impl Application {
    app_fn(move |connection: Connection| {
        let seen = seen.clone();
        async move {
            match connection.scope {
                Scope::Http(ref scope) => {
                    let head = describe(scope);
                    http_echo(connection, head, &seen).await
                }
                _ => websocket_echo(connection, &seen).await,
            }
        }
    })
}

fn describe(scope: &HttpScope) -> String {
    let mut text = format!("{} {}\n", scope.method(), scope.path());
    for (name, value) in &scope.parts.headers {
        text += &format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()));
    }
    text
}

async fn http_echo(mut connection: Connection, head: String, seen: &Seen) -> Result<(), AppError> {
    let mut text = head.into_bytes();
    loop {
        match connection.receive.next().await {
            Event::HttpRequest { body, more_body } => {
                text.extend_from_slice(&body);
                if !more_body {
                    break;
                }
            }
            event => {
                seen.saw(&event);
                return Ok(());
            }
        }
    }
    respond(&connection.send, StatusCode::OK, text).await
}

pub(crate) async fn respond(
    send: &Sender,
    status: StatusCode,
    body: impl Into<Bytes>,
) -> Result<(), AppError> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    send.send(Command::start(status, headers)).await?;
    let body = body.into();
    let more_body = false;
    send.send(Command::HttpResponseBody { body, more_body }).await?;
    Ok(())
}

async fn websocket_echo(mut connection: Connection, seen: &Seen) -> Result<(), AppError> {
    loop {
        let event = connection.receive.next().await;
        seen.saw(&event);
        match event {
            Event::WebSocketConnect => connection.send.send(Command::accept()).await?,
            Event::WebSocketReceive(payload) => {
                connection.send.send(Command::WebSocketSend(payload)).await?;
            }
            _ => {
                seen.end();
                return Ok(());
            }
        }
    }
}

/// An application for WebSockets; HTTP requests are answered with 200.
pub(crate) fn websocket_app<F, R>(function: F) -> impl Application
where
    F: Fn(Connection, Box<str>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), AppError>> + Send,
{
    let function = Arc::new(function);
    app_fn(move |connection: Connection| {
        let function = Arc::clone(&function);
        async move {
            let path = match &connection.scope {
                Scope::WebSocket(scope) => path_of(scope),
                _ => return respond(&connection.send, StatusCode::OK, "").await,
            };
            function(connection, path).await
        }
    })
}

fn path_of(scope: &WebSocketScope) -> Box<str> {
    scope.path().into()
}
