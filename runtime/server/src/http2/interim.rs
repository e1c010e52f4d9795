//! What leaves beside a response: `100 Continue`, `103 Early Hints`, and promises (RFC 9113 §8.4).

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use h2::server::SendResponse;
use http::uri::{Parts, PathAndQuery, Uri};
use http::{HeaderMap, Request, Response, StatusCode, Version};
use laureola_asgi::exchange::{Interim, Interims};
use tokio::sync::oneshot;
use tracing::debug;

use super::head;
use super::stream::{self, Served};
use crate::connection::Peer;
use crate::http::interim::log;

/// Promises of one request that are kept at a time: each calls the application.
const MAX_PUSHES: usize = 32;

/// The side of one exchange.
pub(super) struct Side {
    pub(super) respond: SendResponse<Bytes>,
    peer: Arc<Peer>,
    /// Scheme and authority of the request: what a promise may speak for.
    origin: Uri,
    interims: Option<Interims>,
    /// Told when the client's body is waited for.
    asks: Option<oneshot::Receiver<()>>,
    pushes: FuturesUnordered<Served>,
}

impl Side {
    pub(super) fn new(
        respond: SendResponse<Bytes>,
        peer: &Arc<Peer>,
        origin: Uri,
        interims: Option<Interims>,
        asks: Option<oneshot::Receiver<()>>,
    ) -> Self {
        Self {
            respond,
            peer: Arc::clone(peer),
            origin,
            interims,
            asks,
            pushes: FuturesUnordered::new(),
        }
    }

    /// Waits for `answer`; what comes before it is sent before it. `None` where the client resets
    /// the stream first.
    pub(super) async fn unless_reset<R>(&mut self, answer: impl Future<Output = R>) -> Option<R> {
        let mut answer = pin!(answer);
        poll_fn(|cx| {
            self.poll(cx);
            if let Poll::Ready(response) = answer.as_mut().poll(cx) {
                return Poll::Ready(Some(response));
            }
            self.respond.poll_reset(cx).map(|_| None)
        })
        .await
    }

    /// Waits for `delivery` of the response, and for that of everything promised.
    pub(super) async fn beside(mut self, delivery: impl Future<Output = ()>) {
        self.asks = None;
        let mut delivery = pin!(delivery);
        poll_fn(|cx| {
            self.poll(cx);
            delivery.as_mut().poll(cx)
        })
        .await;
        while self.pushes.next().await.is_some() {}
    }

    /// Sends what there is.
    fn poll(&mut self, cx: &mut Context<'_>) {
        if let Some(asked) = &mut self.asks
            && let Poll::Ready(asked) = Pin::new(asked).poll(cx)
        {
            self.asks = None;
            if asked.is_ok() {
                self.inform(StatusCode::CONTINUE, HeaderMap::new());
            }
        }
        while let Some(interims) = &mut self.interims {
            match interims.poll_next(cx) {
                Poll::Ready(Some(Interim::EarlyHint(headers))) => {
                    self.inform(StatusCode::EARLY_HINTS, headers);
                }
                Poll::Ready(Some(Interim::Push { path, headers })) => self.push(path, headers),
                Poll::Ready(Some(other)) => log(other),
                Poll::Ready(None) => self.interims = None,
                Poll::Pending => break,
            }
        }
        while let Poll::Ready(Some(())) = self.pushes.poll_next_unpin(cx) {}
    }

    fn inform(&mut self, status: StatusCode, mut headers: HeaderMap) {
        head::drop_of_connections(&mut headers);
        let mut response = Response::new(());
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        if let Err(error) = self.respond.send_informational(response) {
            debug!(%error, "an interim response is not sent");
        }
    }

    /// Promises the response to a GET of `path`, and begins it.
    fn push(&mut self, path: PathAndQuery, mut headers: HeaderMap) {
        if self.pushes.len() >= MAX_PUSHES {
            debug!(%path, "too many promises at a time");
            return;
        }
        head::drop_of_connections(&mut headers);
        let mut target = Parts::from(self.origin.clone());
        target.path_and_query = Some(path);
        let mut request = Request::new(());
        *request.version_mut() = Version::HTTP_2;
        *request.headers_mut() = headers;
        match Uri::from_parts(target) {
            Ok(target) => *request.uri_mut() = target,
            Err(error) => return debug!(%error, "nothing to promise"),
        }
        match self.respond.push_request(request.clone()) {
            Ok(respond) => self.pushes.push(stream::promised(&self.peer, request, respond)),
            // A client may refuse them at any time.
            Err(error) => debug!(%error, "a promise is not sent"),
        }
    }
}
