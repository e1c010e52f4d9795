//! Runs one HTTP consumer: the body, `handle`, and what comes while the response stays open.

use std::future::{pending, poll_fn};
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Response, StatusCode, header};
use laureola_asgi::exchange::Body;
use laureola_asgi::{AppError, Command, Event, Receiver, Sender};
use laureola_layers::mailbox::Received;
use tokio::time::sleep_until;

use super::consumer::HttpConsumer;
use super::context::HttpContext;
use crate::Result;
use crate::driver::leave;
use crate::shared::Shared;

pub(super) async fn run<C: HttpConsumer>(mut consumer: C, mut ctx: HttpContext) -> Result<()> {
    let limit = consumer.body_limit();
    let announced = ctx
        .header("content-length")
        .and_then(|length| length.parse().ok());
    let body = match read(&mut ctx.receive, announced, limit).await {
        Request::Whole(body) => body,
        Request::TooLarge => {
            let text = format!("the request's body is larger than {limit} bytes\n");
            return ctx.respond(plain(StatusCode::PAYLOAD_TOO_LARGE, text)).await;
        }
        Request::Left => return Ok(()),
    };
    let served = serve(&mut consumer, &mut ctx, body).await;
    consumer.disconnect(&mut ctx).await;
    if let Some(channel) = ctx.take_channel() {
        leave(channel).await;
    }
    match served {
        // Nobody is there to answer.
        Err(error) if error.is_disconnected() => Ok(()),
        served => served,
    }
}

async fn serve<C: HttpConsumer>(consumer: &mut C, ctx: &mut HttpContext, body: Bytes) -> Result<()> {
    for group in consumer.groups() {
        ctx.group_add(&group).await?;
    }
    consumer.handle(ctx, body).await?;
    ctx.settle().await?;
    while ctx.is_open() {
        match next(ctx).await {
            Next::Left => return Ok(()),
            Next::KeepAlive => ctx.send_keep_alive().await?,
            Next::Layer(Received::Delivery(delivery)) => {
                consumer.event(ctx, Shared::of(delivery)?).await?;
            }
            Next::Layer(Received::Notice(notice)) => consumer.notice(ctx, notice).await?,
        }
    }
    Ok(())
}

enum Next {
    Left,
    KeepAlive,
    Layer(Received),
}

async fn next(ctx: &mut HttpContext) -> Next {
    let due = ctx.keep_alive_at();
    let keep_alive = async {
        match due {
            Some(due) => sleep_until(due).await,
            None => pending().await,
        }
    };
    let (receive, channel) = (&mut ctx.receive, &mut ctx.channel);
    let event = poll_fn(|cx| {
        if let Poll::Ready(Event::HttpDisconnect) = receive.poll_next(cx) {
            return Poll::Ready(Next::Left);
        }
        match channel {
            Some(opened) => opened.1.poll_next(cx).map(Next::Layer),
            None => Poll::Pending,
        }
    });
    tokio::select! {
        biased;
        event = event => event,
        () = keep_alive => Next::KeepAlive,
    }
}

enum Request {
    Whole(Bytes),
    TooLarge,
    Left,
}

async fn read(receive: &mut Receiver, announced: Option<usize>, limit: usize) -> Request {
    if announced.is_some_and(|length| length > limit) {
        return Request::TooLarge;
    }
    let mut parts = BytesMut::new();
    loop {
        let Event::HttpRequest { body, more_body } = receive.next().await else {
            return Request::Left;
        };
        if parts.len() + body.len() > limit {
            return Request::TooLarge;
        }
        if parts.is_empty() && !more_body {
            return Request::Whole(body);
        }
        parts.extend_from_slice(&body);
        if !more_body {
            return Request::Whole(parts.freeze());
        }
    }
}

fn plain(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, plain);
    response
}

/// The URL names nothing the consumer knows.
pub(super) async fn refuse(error: AppError, send: Sender) -> Result<()> {
    let response = plain(StatusCode::NOT_FOUND, format!("{error}\n"));
    Ok(send.send(Command::HttpResponse(Box::new(response))).await?)
}
