//! One request and its response.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Empty;
use tokio::sync::oneshot;
use tracing::debug;

use super::head;
use super::pipe::pipe;
use super::tunnel::Tunnel;
use super::upload::Upload;
use crate::connection::Peer;
use crate::http::{ResponseBody, answer};
use crate::stream::Duplex;
use crate::upgrade::Upgrade;

/// Serves a stream, to the end of its response or of the handshake. Dropped, or with the stream
/// reset by the client, the application learns at once that its client has left.
pub(super) fn serve(
    peer: &Arc<Peer>,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let peer = Arc::clone(peer);
    if head::is_websocket(&request) {
        Box::pin(async move {
            let _ = websocket(&peer, request, respond).await;
        })
    } else {
        Box::pin(async move {
            let _ = exchange(&peer, request, respond).await;
        })
    }
}

/// `None` where the client has left before its response was begun.
async fn exchange(
    peer: &Arc<Peer>,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) -> Option<()> {
    let options = &peer.shared.options;
    let is_head = request.method() == Method::HEAD;
    let expects = request.headers().get(header::EXPECT);
    let expects = expects.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    let (asked, asks) = expects.then(oneshot::channel).unzip();
    let request = request.map(|body| Upload::new(body, options.body_timeout, asked));
    let (_, answer) = answer(peer, request, None);
    let response = unless_reset(&mut respond, answer, asks).await?;
    deliver(response, respond, is_head, options.slow_client_timeout).await
}

async fn websocket(
    peer: &Arc<Peer>,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) -> Option<()> {
    let (hand_over, stream) = oneshot::channel::<Box<dyn Duplex>>();
    let (parts, receive) = request.into_parts();
    let request = Request::from_parts(parts, Empty::new());
    let (_, answer) = answer(peer, request, Some(Upgrade::Http2(stream)));
    let mut response = unless_reset(&mut respond, answer, None).await?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let limit = peer.shared.options.slow_client_timeout;
        return deliver(response, respond, false, limit).await;
    }
    // What HTTP/1.1 calls so is an ordinary success here (RFC 8441 §5).
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().remove(header::SEC_WEBSOCKET_ACCEPT);
    head::dress(response.headers_mut());
    let send = respond.send_response(response.map(drop), false).ok()?;
    // A driver that has ended already drops the stream, and so resets it.
    let _ = hand_over.send(Box::new(Tunnel::new(receive, send)));
    Some(())
}

/// Waits for `answer`, and meanwhile tells a client that `asks` for it to go on with its body.
/// `None` where the client resets the stream first.
async fn unless_reset<R>(
    respond: &mut SendResponse<Bytes>,
    answer: impl Future<Output = R>,
    mut asks: Option<oneshot::Receiver<()>>,
) -> Option<R> {
    let mut answer = pin!(answer);
    poll_fn(|cx| {
        if let Poll::Ready(response) = answer.as_mut().poll(cx) {
            return Poll::Ready(Some(response));
        }
        if let Some(asked) = &mut asks
            && let Poll::Ready(asked) = Pin::new(asked).poll(cx)
        {
            asks = None;
            if asked.is_ok() {
                let mut interim = Response::new(());
                *interim.status_mut() = StatusCode::CONTINUE;
                // A stream that is over says so below.
                let _ = respond.send_informational(interim);
            }
        }
        respond.poll_reset(cx).map(|_| None)
    })
    .await
}

/// Sends a response. `None` where the stream is over before.
async fn deliver(
    response: Response<ResponseBody>,
    mut respond: SendResponse<Bytes>,
    is_head: bool,
    limit: Duration,
) -> Option<()> {
    let (mut parts, body) = response.into_parts();
    head::dress(&mut parts.headers);
    // RFC 9110 §6.4.1.
    let bodiless = is_head || matches!(parts.status.as_u16(), 204 | 304);
    if !bodiless
        && let Some(length) = body.size_hint().exact()
        && !parts.headers.contains_key(header::CONTENT_LENGTH)
    {
        let length = HeaderValue::from(length);
        parts.headers.insert(header::CONTENT_LENGTH, length);
    }
    let length = parts.headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let end = bodiless || (body.is_end_stream() && matches!(length, None | Some(0)));
    let sent = respond.send_response(Response::from_parts(parts, ()), end);
    let stream = sent.map_err(|error| debug!(%error, "no response")).ok()?;
    if !end {
        pipe(body, stream, length, limit).await;
    }
    Some(())
}
