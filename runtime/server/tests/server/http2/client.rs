//! A client of HTTP/2 over a bare socket.

use std::future::{Future, poll_fn};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{self, SendRequest};
use h2::{RecvStream, SendStream};
use http::{Request, Response};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::support::DEADLINE;

/// Runs a client's side of a test, which must not take longer than a deadline.
#[track_caller]
pub(super) fn run<T>(client: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let result = runtime.block_on(async { timeout(DEADLINE, client).await });
    result.expect("the client ends in time")
}

/// A connection with a task that drives it, once the server's SETTINGS are there.
pub(super) struct Client {
    pub(super) requests: SendRequest<Bytes>,
    driver: JoinHandle<()>,
}

impl Client {
    pub(super) async fn connect(port: u16) -> Self {
        Self::with(port, &mut client::Builder::new()).await
    }

    pub(super) async fn with(port: u16, builder: &mut client::Builder) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port))
            .await
            .expect("a connection");
        let (requests, connection) = builder.handshake(stream).await.expect("a handshake");
        let driver = tokio::spawn(async {
            let _ = connection.await;
        });
        let requests = requests.ready().await.expect("room for a stream");
        until(|| requests.is_extended_connect_protocol_enabled()).await;
        Self { requests, driver }
    }

    /// Begins a request.
    pub(super) fn send(
        &mut self,
        request: Request<()>,
        end: bool,
    ) -> (client::ResponseFuture, SendStream<Bytes>) {
        self.requests
            .send_request(request, end)
            .expect("the request can be sent")
    }

    /// Closes the connection without a word, streams and all.
    pub(super) fn vanish(&self) {
        self.driver.abort();
    }

    /// A GET, and its whole response.
    pub(super) async fn get(&mut self, path: &str) -> Response<String> {
        let (response, _) = self.send(get(path), true);
        whole(response.await.expect("a response")).await.expect("a body")
    }
}

pub(super) fn get(path: &str) -> Request<()> {
    Request::get(format!("http://localhost{path}"))
        .body(())
        .expect("a request")
}

pub(super) fn post(path: &str) -> Request<()> {
    Request::post(format!("http://localhost{path}"))
        .body(())
        .expect("a request")
}

/// Reads a response's body to its end, and gives the window back.
pub(super) async fn whole(response: Response<RecvStream>) -> Result<Response<String>, h2::Error> {
    let (parts, mut body) = response.into_parts();
    let mut text = Vec::new();
    while let Some(part) = body.data().await {
        let part = part?;
        text.extend_from_slice(&part);
        body.flow_control().release_capacity(part.len())?;
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    Ok(Response::from_parts(parts, text))
}

/// Sends as fast as the server takes it.
pub(super) async fn send_all(body: &mut SendStream<Bytes>, mut part: Bytes) {
    while !part.is_empty() {
        body.reserve_capacity(part.len());
        let capacity = match body.capacity() {
            0 => {
                let capacity = poll_fn(|cx| body.poll_capacity(cx)).await;
                capacity.expect("an open stream").expect("capacity")
            }
            capacity => capacity,
        };
        let piece = part.split_to(capacity.min(part.len()));
        body.send_data(piece, false).expect("an open stream");
    }
}

/// Waits, while the client's own connection goes on.
pub(super) async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        sleep(Duration::from_millis(2)).await;
    }
}
