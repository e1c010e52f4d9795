//! The time between two requests.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// One timer for all the pauses of a connection: a busy one never sets it anew, it fires once in a
/// while and then looks how long the pause really is.
#[derive(Debug, Default)]
pub(super) struct Idle {
    /// Requests before the pause, and when it began.
    pause: Option<(u64, Instant)>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// Whom the timer wakes.
    waker: Option<Waker>,
}

impl Idle {
    /// Ready once the pause behind so many requests lasts for `limit`.
    pub(super) fn poll_over(&mut self, cx: &mut Context<'_>, requests: u64, limit: Duration) -> Poll<()> {
        let since = match self.pause {
            Some((before, since)) if before == requests => since,
            _ => {
                let now = Instant::now();
                self.pause = Some((requests, now));
                now
            }
        };
        let Some(end) = since.checked_add(limit) else {
            return Poll::Pending;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(end)));
        let is_known = self
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()));
        // A busy connection comes here with each response, and to register again is dear.
        if is_known && !sleep.is_elapsed() {
            return Poll::Pending;
        }
        loop {
            if sleep.as_mut().poll(cx).is_pending() {
                self.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            if sleep.deadline() >= end {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(end);
        }
    }
}
