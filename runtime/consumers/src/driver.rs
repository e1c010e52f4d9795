//! Runs one WebSocket consumer: the client's events and the layer's deliveries, one at a time.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use http::StatusCode;
use laureola_asgi::{CloseCode, Event, Payload, Receiver, Sender, WebSocketScope};
use laureola_layers::mailbox::Received;
use laureola_layers::{Channel, GroupName, Mailbox, Notice};
use laureola_message::Delivery;

use crate::Result;
use crate::context::{Context, Settings, denial};
use crate::turn::Turn;

/// Leaving the groups must not keep a stopping server waiting for a layer that is away.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(5);

/// The code a consumer's `disconnect` gets when its own error ended the connection.
const INTERNAL_ERROR: CloseCode = 1011;

/// A connection's context. Away only while a synchronous consumer has it on its thread.
pub(crate) type Held = Option<Context>;

/// The context, for consumers that never give it away.
pub(crate) fn held(held: &mut Held) -> &mut Context {
    held.as_mut().expect("only a synchronous consumer takes it away")
}

/// What all WebSocket consumers are to the driver.
pub(crate) trait Socket: Send + 'static {
    fn groups(&self) -> Vec<GroupName>;
    fn connect(&mut self, ctx: &mut Held) -> impl Future<Output = Result<()>> + Send;
    fn receive(&mut self, ctx: &mut Held, payload: Payload) -> impl Future<Output = Result<()>> + Send;
    fn event(&mut self, ctx: &mut Held, delivery: Arc<Delivery>) -> impl Future<Output = Result<()>> + Send;
    fn notice(&mut self, ctx: &mut Held, notice: Notice) -> impl Future<Output = Result<()>> + Send;
    fn disconnect(&mut self, ctx: &mut Held, code: CloseCode) -> impl Future<Output = ()> + Send;
}

pub(crate) async fn run<S: Socket>(
    mut socket: S,
    settings: Arc<Settings>,
    scope: Box<WebSocketScope>,
    mut receive: Receiver,
    send: Sender,
) -> Result<()> {
    // The first event of a WebSocket; a client that left before it leaves nothing to do.
    let Event::WebSocketConnect = receive.next().await else {
        return Ok(());
    };
    let (channel, mut mailbox) = settings.layers.own().new_channel("specific").await?;
    let mut ctx = Some(Context::new(scope, send, channel, settings));
    let result = match serve(&mut socket, &mut ctx, &mut receive, &mut mailbox).await {
        // Only too late to send: the connection is closed, or closing, and its code on the way.
        Err(error) if error.is_disconnected() => {
            if let Some(ctx) = &mut ctx {
                // Unless it was another's, to which the consumer holds a sender.
                let _ = ctx.close(INTERNAL_ERROR).await;
            }
            Ok(closed(&mut receive).await)
        }
        result => result,
    };
    let code = *result.as_ref().unwrap_or(&INTERNAL_ERROR);
    // Once per connection: its size must not be paid while the socket is idle.
    Box::pin(end(socket, ctx, code)).await;
    result.map(drop)
}

/// Returns the close code once the client has gone.
async fn serve<S: Socket>(
    socket: &mut S,
    ctx: &mut Held,
    receive: &mut Receiver,
    mailbox: &mut Mailbox,
) -> Result<CloseCode> {
    Box::pin(begin(socket, ctx)).await?;
    if let Some(relay) = held(ctx).relay() {
        mailbox.set_relay(relay);
    }
    let mut client_first = true;
    let mut turn = Turn::of(held(ctx).sender());
    loop {
        match next(receive, mailbox, client_first, &mut turn).await {
            Next::Client(Event::WebSocketReceive(payload)) => {
                // A client that never stops must not have what is held back wait for ever.
                turn.begin(0);
                {
                    // Boxed: a client's messages are few beside a group's, and its size would be every idle socket's.
                    let mut receiving = Box::pin(socket.receive(ctx, payload));
                    poll_fn(|cx| turn.poll(receiving.as_mut(), cx)).await?;
                }
                turn.yield_if_long().await;
            }
            Next::Client(Event::WebSocketDisconnect { code, .. }) => return Ok(code),
            Next::Client(_) => {}
            Next::Layer(Received::Delivery(delivery), behind) => {
                turn.begin(behind);
                {
                    let mut handling = pin!(socket.event(ctx, delivery));
                    poll_fn(|cx| turn.poll(handling.as_mut(), cx)).await?;
                }
                turn.yield_if_long().await;
            }
            Next::Layer(Received::Notice(notice), _) => {
                let mut handling = Box::pin(socket.notice(ctx, notice));
                poll_fn(|cx| turn.poll(handling.as_mut(), cx)).await?;
            }
        }
        // Neither a chatty client nor a busy group may starve the other.
        client_first = !client_first;
    }
}

async fn begin<S: Socket>(socket: &mut S, ctx: &mut Held) -> Result<()> {
    for group in socket.groups() {
        held(ctx).group_add(&group).await?;
    }
    socket.connect(ctx).await
}

async fn end<S: Socket>(mut socket: S, mut ctx: Held, code: CloseCode) {
    // Without a context its thread was lost; the channel, which went with it, leaves its groups by itself.
    if ctx.is_some() {
        socket.disconnect(&mut ctx, code).await;
    }
    if let Some(ctx) = ctx {
        leave(ctx.into_channel()).await;
    }
}

/// The close code, whatever the client sent before. The server sees to it that one comes.
async fn closed(receive: &mut Receiver) -> CloseCode {
    loop {
        if let Event::WebSocketDisconnect { code, .. } = receive.next().await {
            return code;
        }
    }
}

enum Next {
    Client(Event),
    /// And how many deliveries wait behind it.
    Layer(Received, usize),
}

/// No `async` function: it would hold its arguments twice.
fn next<'a>(
    receive: &'a mut Receiver,
    mailbox: &'a mut Mailbox,
    client_first: bool,
    turn: &'a mut Turn,
) -> impl Future<Output = Next> + 'a {
    poll_fn(move |cx| {
        if client_first && let Poll::Ready(event) = receive.poll_next(cx) {
            return Poll::Ready(Next::Client(event));
        }
        if let Poll::Ready((received, behind)) = mailbox.poll_next_of(cx) {
            return Poll::Ready(Next::Layer(received, behind));
        }
        if !client_first && let Poll::Ready(event) = receive.poll_next(cx) {
            return Poll::Ready(Next::Client(event));
        }
        turn.end();
        Poll::Pending
    })
}

/// Gives a channel up, and says in the log where that failed.
pub(crate) async fn leave(channel: Channel) {
    let name = channel.name().clone();
    match tokio::time::timeout(LEAVE_TIMEOUT, channel.close()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(channel = %name, %error, "leaving the groups failed"),
        Err(_) => tracing::warn!(channel = %name, "leaving the groups took too long"),
    }
}

/// Denies a handshake whose URL names nothing the consumer knows.
pub(crate) async fn deny(error: laureola_asgi::AppError, send: Sender) -> Result<()> {
    let denial = denial(StatusCode::NOT_FOUND, format!("{error}\n"));
    Ok(send.send(denial).await?)
}
