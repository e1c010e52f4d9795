//! One request and its response.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use h2::server::{SendPushedResponse, SendResponse};
use h2::{RecvStream, SendStream};
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Empty;
use laureola_asgi::Supported;
use tokio::sync::oneshot;
use tracing::debug;

use super::head;
use super::interim::Side;
use super::pipe::pipe;
use super::tunnel::Tunnel;
use super::upload::{Terms, Upload};
use crate::connection::Peer;
use crate::guard::Fault;
use crate::http::{ResponseBody, answer};
use crate::stream::Duplex;
use crate::upgrade::Upgrade;

/// A stream under way. Dropped, or with the stream reset by the client, the application learns at
/// once that its client has left.
pub(super) type Served = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Serves a stream, to the end of its response or of the handshake. `pushes` says whether the
/// client takes promises.
pub(super) fn serve(
    peer: &Arc<Peer>,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    pushes: bool,
) -> Served {
    let peer = Arc::clone(peer);
    if head::is_websocket(&request) {
        Box::pin(async move {
            let _ = websocket(&peer, request, respond).await;
        })
    } else {
        Box::pin(async move {
            let _ = exchange(&peer, request, respond, pushes).await;
        })
    }
}

/// Serves what was promised.
pub(super) fn promised(
    peer: &Arc<Peer>,
    request: Request<()>,
    mut respond: SendPushedResponse<Bytes>,
) -> Served {
    let limit = peer.shared.options.slow_client_timeout;
    let (_, answer) = answer(peer, request.map(|()| Empty::new()), None).split();
    Box::pin(async move {
        let answer = std::pin::pin!(answer);
        let reset = std::future::poll_fn(|cx| respond.poll_reset(cx));
        let response = tokio::select! {
            biased;
            response = answer => response,
            _ = reset => return,
        };
        let (head, body, end) = prepare(response, false);
        let length = length(&head);
        if let Some(stream) = begun(respond.send_response(head, end), end) {
            pipe(body, stream, length, limit).await;
        }
    })
}

/// `None` where the client has left before its response was begun.
async fn exchange(
    peer: &Arc<Peer>,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    pushes: bool,
) -> Option<()> {
    let options = &peer.shared.options;
    let is_head = request.method() == Method::HEAD;
    let origin = request.uri().clone();
    let expects = request.headers().get(header::EXPECT);
    let expects = expects.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    let (asked, asks) = expects.then(oneshot::channel).unzip();
    let fault = Arc::new(Fault::default());
    let terms = Terms {
        limit: options.body_timeout,
        fault: Arc::clone(&fault),
        // One task answers all requests of a connection, so that nobody comes between.
        number: 1 + peer.requests.load(Ordering::Relaxed),
        asked,
    };
    let mut request = request.map(|body| Upload::new(body, terms));
    request.extensions_mut().insert(fault);
    if pushes {
        request.extensions_mut().insert(Supported::PUSH);
    }
    let (interims, answer) = answer(peer, request, None).split();
    let mut side = Side::new(respond, peer, origin, interims, asks);
    let response = side.unless_reset(answer).await?;
    deliver(response, side, is_head, options.slow_client_timeout).await
}

async fn websocket(
    peer: &Arc<Peer>,
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
) -> Option<()> {
    let (hand_over, stream) = oneshot::channel::<Box<dyn Duplex>>();
    let origin = request.uri().clone();
    let (parts, receive) = request.into_parts();
    let request = Request::from_parts(parts, Empty::new());
    let (interims, answer) = answer(peer, request, Some(Upgrade::Http2(stream))).split();
    let mut side = Side::new(respond, peer, origin, interims, None);
    let mut response = side.unless_reset(answer).await?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let limit = peer.shared.options.slow_client_timeout;
        return deliver(response, side, false, limit).await;
    }
    // What HTTP/1.1 calls so is an ordinary success here (RFC 8441 §5).
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().remove(header::SEC_WEBSOCKET_ACCEPT);
    head::dress(response.headers_mut());
    let send = side.respond.send_response(response.map(drop), false).ok()?;
    // A driver that has ended already drops the stream, and so resets it.
    let _ = hand_over.send(Box::new(Tunnel::new(receive, send)));
    Some(())
}

/// Sends a response. `None` where the stream is over before.
async fn deliver(
    response: Response<ResponseBody>,
    mut side: Side,
    is_head: bool,
    limit: Duration,
) -> Option<()> {
    let (head, body, end) = prepare(response, is_head);
    let length = length(&head);
    let stream = begun(side.respond.send_response(head, end), end)?;
    side.beside(pipe(body, stream, length, limit)).await;
    Some(())
}

/// The head in the form of HTTP/2, and whether it is the end.
fn prepare(response: Response<ResponseBody>, is_head: bool) -> (Response<()>, ResponseBody, bool) {
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
    let head = Response::from_parts(parts, ());
    let end = bodiless || (body.is_end_stream() && matches!(length(&head), None | Some(0)));
    (head, body, end)
}

/// The length a response promises.
fn length(head: &Response<()>) -> Option<u64> {
    let length = head.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// The stream for the body, where one follows.
fn begun(sent: Result<SendStream<Bytes>, h2::Error>, end: bool) -> Option<SendStream<Bytes>> {
    let stream = sent.map_err(|error| debug!(%error, "no response")).ok()?;
    (!end).then_some(stream)
}
