//! A socket's driver: the one task that reads from the client, makes events of its messages, and
//! writes what `outbound` could not write at once.
//!
//! Whatever happens, the application gets exactly one disconnect event, and the driver ends: by the
//! client's close, its end of stream, or the sweeper that gives an overdue client up.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::StreamExt;
use laureola_asgi::queue::EventSender;
use laureola_asgi::{CloseCode, Event, Payload};
use laureola_message::Str;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tracing::debug;

use super::close;
use super::outbound::Stage;
use super::registry::Registry;
use super::socket::Socket;
use crate::limits::Limits;
use crate::running::Present;
use crate::stream::ReadHalf;
use crate::upgrade::Upgrade;

/// Smaller payloads are copied out of the read buffer: one that is kept would pin it.
const SMALL: usize = 1024;

/// Drives a socket from its accepted handshake to its end. Returns the code of its close, as its
/// application was told.
pub(crate) async fn drive(
    socket: Arc<Socket>,
    events: EventSender,
    upgrade: Upgrade,
    present: Present,
) -> CloseCode {
    let _entry = Registry::enter(&socket);
    let Some((wire, early)) = open(&socket, upgrade).await else {
        return close::BROKEN;
    };
    let config = config(&socket.shared.options.limits);
    // What came together with the handshake is read first. Boxed, as everything here that is large
    // and does not last: this future is held by every socket.
    let stream = WebSocketStream::from_partially_read(wire, early, Role::Server, Some(config));
    let stream = Box::pin(stream).await;
    let mut driver = Driver {
        socket,
        stream,
        client: Some((events, present)),
        code: close::BROKEN,
    };
    driver.run().await;
    driver.code
}

/// Takes the stream from hyper; `None` where the client left before it had the response.
async fn open(socket: &Arc<Socket>, upgrade: Upgrade) -> Option<(Wire, Vec<u8>)> {
    let Some((stream, early)) = upgrade.stream().await else {
        debug!("a websocket client left during its handshake");
        return None;
    };
    let (read, write) = stream.into_split();
    socket.hear();
    socket.outbound.attach(write);
    let wire = Wire {
        read,
        socket: Arc::clone(socket),
    };
    Some((wire, early.to_vec()))
}

fn config(limits: &Limits) -> WebSocketConfig {
    let limit = |bytes: usize| (bytes > 0).then_some(bytes);
    WebSocketConfig::default()
        .read_buffer_size(limits.websocket_read_buffer.max(128))
        // Control frames only, each handed to `outbound` at once, which takes all of it.
        .write_buffer_size(0)
        .max_write_buffer_size(4096)
        .max_message_size(limit(limits.websocket_max_message))
        .max_frame_size(limit(limits.websocket_max_frame))
}

struct Driver {
    socket: Arc<Socket>,
    stream: WebSocketStream<Wire>,
    /// `None` once the application has its disconnect event.
    client: Option<(EventSender, Present)>,
    /// What it says.
    code: CloseCode,
}

/// What there is to do next.
enum Turn {
    Read(Option<Result<Message, Error>>),
    /// The server wants the socket closed.
    Asked(CloseCode),
    Dead,
}

impl Driver {
    async fn run(&mut self) {
        loop {
            match self.next().await {
                Turn::Read(Some(Ok(message))) => self.take(message).await,
                Turn::Read(Some(Err(error))) => return self.fail(&error).await,
                // Both close frames are exchanged; ours may still be queued.
                Turn::Read(None) => {
                    self.socket.outbound.finish(self.now());
                    return self.written().await;
                }
                Turn::Asked(code) => {
                    self.leave(code, Str::default()).await;
                    self.socket.outbound.close(close::frame(code, ""), self.now());
                }
                Turn::Dead => return self.leave(close::BROKEN, Str::default()).await,
            }
        }
    }

    fn now(&self) -> u32 {
        self.socket.shared.clock.now()
    }

    async fn next(&mut self) -> Turn {
        let Self {
            socket,
            stream,
            client,
            ..
        } = self;
        poll_fn(|cx| {
            if socket.outbound.drive(cx, socket.shared.clock.now()) == Stage::Dead {
                return Poll::Ready(Turn::Dead);
            }
            if client.is_some()
                && let Some(code) = socket.asked()
            {
                return Poll::Ready(Turn::Asked(code));
            }
            stream.poll_next_unpin(cx).map(Turn::Read)
        })
        .await
    }

    async fn take(&mut self, message: Message) {
        self.socket.hear();
        match message {
            Message::Text(text) => self.deliver(Payload::Text(own_text(&text))).await,
            Message::Binary(bytes) => self.deliver(Payload::Binary(own(bytes))).await,
            // The answer is on its way: reading on writes it.
            Message::Close(None) => self.leave(close::NO_CODE, Str::default()).await,
            Message::Close(Some(frame)) => {
                self.leave(frame.code.into(), frame.reason.as_str().into()).await;
            }
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }

    /// Hands a message to the application; waits while its queue is full, but not longer than the
    /// socket is open.
    async fn deliver(&mut self, payload: Payload) {
        let Some((events, _)) = &self.client else { return };
        let socket = &self.socket;
        let mut send = pin!(events.send(Event::WebSocketReceive(payload)));
        poll_fn(|cx| {
            // Messages behind our own close frame are no longer anyone's.
            if socket.outbound.drive(cx, socket.shared.clock.now()) != Stage::Open || socket.asked().is_some()
            {
                return Poll::Ready(());
            }
            let sent = send.as_mut().poll(cx);
            socket.deaf.store(sent.is_pending(), Ordering::Relaxed);
            sent.map(|_| ())
        })
        .await;
        if socket.deaf.swap(false, Ordering::Relaxed) {
            socket.hear();
        }
    }

    /// Tells the application, once, that the socket is closed.
    async fn leave(&mut self, code: CloseCode, reason: Str) {
        if let Some((events, present)) = self.client.take() {
            self.code = code;
            events.send(Event::WebSocketDisconnect { code, reason }).await;
            drop(present);
        }
    }

    /// The client cannot be understood any more, or has gone.
    async fn fail(&mut self, error: &Error) {
        debug!(%error, "a websocket failed");
        let Some((code, reason)) = close::code_of(error) else {
            return self.leave(close::BROKEN, Str::default()).await;
        };
        self.leave(code, Str::from_static(reason)).await;
        self.socket.outbound.close(close::frame(code, reason), self.now());
        self.socket.outbound.finish(self.now());
        self.discard().await;
    }

    /// Reads on for nothing, until the client closes or is given up: a socket closed over unread
    /// bytes is reset, and the close frame is lost with it.
    async fn discard(&mut self) {
        let socket = &self.socket;
        let read = &mut self.stream.get_mut().read;
        poll_fn(|cx| {
            let mut bytes = [0; 4096];
            loop {
                if socket.outbound.drive(cx, socket.shared.clock.now()) == Stage::Dead {
                    return Poll::Ready(());
                }
                let mut buf = ReadBuf::new(&mut bytes);
                match Pin::new(&mut *read).poll_read(cx, &mut buf) {
                    Poll::Ready(Ok(())) if !buf.filled().is_empty() => {}
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
    }

    /// Ready once everything queued is written, or never will be.
    async fn written(&self) {
        let outbound = &self.socket.outbound;
        poll_fn(|cx| {
            outbound.drive(cx, self.now());
            if outbound.is_over() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

/// A payload that does not pin the read buffer for long.
fn own(bytes: Bytes) -> Bytes {
    if bytes.len() <= SMALL {
        Bytes::copy_from_slice(&bytes)
    } else {
        bytes
    }
}

fn own_text(text: &Utf8Bytes) -> Str {
    text.as_str().into()
}

/// What tungstenite reads from and writes to: the client, and `outbound`.
#[derive(Debug)]
struct Wire {
    read: ReadHalf,
    socket: Arc<Socket>,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.read).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, frame: &[u8]) -> Poll<io::Result<usize>> {
        let now = self.socket.shared.clock.now();
        self.socket.outbound.control(Bytes::copy_from_slice(frame), now);
        Poll::Ready(Ok(frame.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
