//! Runs one consumer: the client's events and the layer's deliveries, one at a time.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use http::StatusCode;
use laureola_asgi::{CloseCode, Event, Payload, Receiver, Sender, WebSocketScope};
use laureola_layers::mailbox::Received;
use laureola_layers::{Layer, Mailbox};

use crate::Result;
use crate::context::{Context, denial};
use crate::json::{InvalidMessage, JsonConsumer};
use crate::shared::Shared;

/// Leaving the groups must not keep a stopping server waiting for a layer that is away.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(5);

/// The code a consumer's `disconnect` gets when its own error ended the connection.
const INTERNAL_ERROR: CloseCode = 1011;

pub(crate) async fn run<C: JsonConsumer>(
    mut consumer: C,
    layer: Layer,
    scope: Box<WebSocketScope>,
    mut receive: Receiver,
    send: Sender,
) -> Result<()> {
    // The first event of a WebSocket; a client that left before it leaves nothing to do.
    let Event::WebSocketConnect = receive.next().await else {
        return Ok(());
    };
    let (channel, mut mailbox) = layer.new_channel("specific").await?;
    let mut ctx = Context::new(scope, send, channel);
    let result = match serve(&mut consumer, &mut ctx, &mut receive, &mut mailbox).await {
        // Only too late to send: the connection is closed, or closing, and its code on the way.
        Err(error) if error.is_disconnected() => {
            // Unless it was another's, to which the consumer holds a sender.
            let _ = ctx.close(INTERNAL_ERROR).await;
            Ok(closed(&mut receive).await)
        }
        result => result,
    };
    let code = *result.as_ref().unwrap_or(&INTERNAL_ERROR);
    consumer.disconnect(&mut ctx, code).await;
    leave(ctx).await;
    result.map(drop)
}

/// Returns the close code once the client has gone.
async fn serve<C: JsonConsumer>(
    consumer: &mut C,
    ctx: &mut Context,
    receive: &mut Receiver,
    mailbox: &mut Mailbox,
) -> Result<CloseCode> {
    consumer.connect(ctx).await?;
    let mut client_first = true;
    loop {
        match next(receive, mailbox, client_first).await {
            Next::Client(Event::WebSocketReceive(payload)) => received(consumer, ctx, &payload).await?,
            Next::Client(Event::WebSocketDisconnect { code, .. }) => return Ok(code),
            Next::Client(_) => {}
            Next::Layer(Received::Delivery(delivery)) => {
                let event = delivery.event::<C::Event>()?;
                consumer.event(ctx, Shared::new(event, delivery)).await?;
            }
            Next::Layer(Received::Notice(notice)) => consumer.notice(ctx, notice).await?,
        }
        // Neither a chatty client nor a busy group may starve the other.
        client_first = !client_first;
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

async fn received<C: JsonConsumer>(consumer: &mut C, ctx: &mut Context, payload: &Payload) -> Result<()> {
    let content = match payload.as_text() {
        Some(text) => serde_json::from_str(text).map_err(InvalidMessage::from),
        None => Err(InvalidMessage::Binary),
    };
    match content {
        Ok(content) => consumer.receive_json(ctx, content).await,
        Err(error) => consumer.invalid(ctx, error).await,
    }
}

enum Next {
    Client(Event),
    Layer(Received),
}

async fn next(receive: &mut Receiver, mailbox: &mut Mailbox, client_first: bool) -> Next {
    poll_fn(|cx| {
        if client_first && let Poll::Ready(event) = receive.poll_next(cx) {
            return Poll::Ready(Next::Client(event));
        }
        if let Poll::Ready(received) = mailbox.poll_next(cx) {
            return Poll::Ready(Next::Layer(received));
        }
        if client_first {
            return Poll::Pending;
        }
        receive.poll_next(cx).map(Next::Client)
    })
    .await
}

async fn leave(ctx: Context) {
    let channel = ctx.into_channel();
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
