//! The server under test: an echo that remembers what came by each path.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use laureola_asgi::{AppError, Command, Connection, Event, Payload, Scope, app_fn};
use laureola_message::{Frame, Frames};
use laureola_server::{Builder, Server};
use laureola_testkit::{RawHttp, Received, WebSocket, wait_until};
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Every wait ends here at the latest.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// What an application saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) messages: Vec<Payload>,
    pub(crate) disconnects: Vec<u16>,
}

type Book = Arc<Mutex<HashMap<Box<str>, Seen>>>;

/// A running server; dropping it shuts it down, and waits for that.
pub(crate) struct Running {
    pub(crate) port: u16,
    book: Book,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(settings: impl FnOnce(Builder) -> Builder) -> Self {
        let book = Book::default();
        let application = {
            let book = Arc::clone(&book);
            app_fn(move |connection| echo(connection, Arc::clone(&book)))
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let builder = settings(Server::builder(application));
        let server = runtime
            .block_on(builder.bind(("127.0.0.1", 0)))
            .expect("a free port");
        let port = server.local_addr().port();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let _ = runtime.block_on(server.serve(async {
                let _ = stopped.await;
            }));
        });
        Self {
            port,
            book,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// What the application of `path` saw, once it has its disconnect.
    #[track_caller]
    pub(crate) fn seen(&self, path: &str) -> Seen {
        let seen = || self.book.lock().get(path).cloned();
        wait_until("the application's disconnect", DEADLINE, || {
            seen().is_some_and(|seen| !seen.disconnects.is_empty())
        });
        seen().expect("it has just been there")
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
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server does not panic");
        }
    }
}

/// A text in three frames that leave together: a short one, itself, and its bytes.
fn joined(payload: &Payload) -> Frames {
    let text = payload.as_text().unwrap_or_default();
    let frames = vec![
        Frame::text("short"),
        Frame::text(text),
        Frame::binary(text.as_bytes()),
    ];
    Frames::new(frames).expect("three")
}

async fn echo(mut connection: Connection, book: Book) -> Result<(), AppError> {
    let Scope::WebSocket(scope) = &connection.scope else {
        let start = Command::HttpResponseStart {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            trailers: false,
        };
        connection.send.send(start).await?;
        let (body, more_body) = ("ok".into(), false);
        connection
            .send
            .send(Command::HttpResponseBody { body, more_body })
            .await?;
        return Ok(());
    };
    let path: Box<str> = scope.path().into();
    // The first of the client's offers, if it made any.
    let subprotocol = scope.subprotocols().first().cloned();
    loop {
        match connection.receive.next().await {
            Event::WebSocketConnect => {
                let (subprotocol, headers) = (subprotocol.clone(), HeaderMap::new());
                connection
                    .send
                    .send(Command::WebSocketAccept { subprotocol, headers })
                    .await?;
            }
            Event::WebSocketReceive(payload) => {
                book.lock()
                    .entry(path.clone())
                    .or_default()
                    .messages
                    .push(payload.clone());
                if &*path == "/joined" {
                    connection.send.deliver_frames(&joined(&payload))?;
                } else {
                    connection.send.send(Command::WebSocketSend(payload)).await?;
                }
            }
            Event::WebSocketDisconnect { code, .. } => {
                book.lock().entry(path).or_default().disconnects.push(code);
                return Ok(());
            }
            _ => return Ok(()),
        }
    }
}
