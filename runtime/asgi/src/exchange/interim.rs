//! What leaves beside the response: before its head, or between its parts.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::HeaderMap;
use http::uri::PathAndQuery;
use laureola_message::Value;

use super::Exchange;

/// Interim items that may wait for the server; then `send` waits.
pub(super) const MAX_INTERIMS: usize = 16;

/// See [`Interims`].
#[derive(Debug)]
pub enum Interim {
    /// `103 Early Hints` with these headers (RFC 8297). Comes before the response's head only.
    EarlyHint(HeaderMap),
    /// A promise of the response to another request (RFC 9113 §8.4).
    Push {
        /// The target.
        path: PathAndQuery,
        /// The headers of the request that is pretended.
        headers: HeaderMap,
    },
    /// What `http.response.debug` tells.
    Debug(Box<Value>),
}

/// The interim items of one exchange, in the order the application sent them.
///
/// A server polls them before it polls the response, so that a hint is never overtaken, and, for
/// pushes, as long as the body streams. Dropping this drops them all.
#[derive(Debug)]
pub struct Interims(pub(super) Arc<Exchange>);

impl Interims {
    /// The next item; `None` once none can follow.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Interim>> {
        let mut state = self.0.0.lock();
        let item = state.interims.pop_front();
        match item {
            Some(item) => {
                let wakers = std::mem::take(&mut state.application);
                drop(state);
                wakers.into_iter().for_each(std::task::Waker::wake);
                Poll::Ready(Some(item))
            }
            None if state.may_send() => {
                state.interim_server = Some(cx.waker().clone());
                Poll::Pending
            }
            None => Poll::Ready(None),
        }
    }

    /// [`poll_next`](Self::poll_next) as a future; cancel-safe.
    pub async fn next(&mut self) -> Option<Interim> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }
}

impl Drop for Interims {
    fn drop(&mut self) {
        let wakers = {
            let mut state = self.0.0.lock();
            state.refuse_interims();
            std::mem::take(&mut state.application)
        };
        wakers.into_iter().for_each(std::task::Waker::wake);
    }
}
