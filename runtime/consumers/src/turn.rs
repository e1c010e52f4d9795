//! What a consumer sends in one turn leaves in one write.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use laureola_asgi::Sender;

/// So many deliveries, and events between them, are handled before what was sent for them leaves, and other tasks run.
const DELIVERIES: u32 = 64;

/// A consumer's deliveries up to the moment in which it waits for anything.
///
/// While more of them wait, what their handlers send is held back; as soon as the consumer's task is about to wait, for
/// the next event or within a handler, everything leaves. So a lone message is not delayed, and a backlog is one write.
pub(crate) struct Turn {
    sender: Sender,
    /// Deliveries and events since the sender was corked; 0 if it is not.
    corked: u32,
}

impl Turn {
    pub(crate) fn of(sender: Sender) -> Self {
        Self { sender, corked: 0 }
    }

    /// A delivery, or an event, is about to be handled, and so many deliveries wait behind it.
    pub(crate) fn begin(&mut self, behind: usize) {
        if self.corked > 0 {
            self.corked += 1;
        } else if behind > 0 {
            self.sender.cork();
            self.corked = 1;
        }
    }

    /// Polls what the task is about to wait for; holds nothing back while it does.
    pub(crate) fn poll<T>(
        &mut self,
        what: Pin<&mut impl Future<Output = T>>,
        cx: &mut Context<'_>,
    ) -> Poll<T> {
        let polled = what.poll(cx);
        if polled.is_pending() {
            self.end();
        }
        polled
    }

    /// Has other tasks run once this one has had enough.
    pub(crate) async fn yield_if_long(&mut self) {
        if self.corked >= DELIVERIES {
            self.end();
            tokio::task::yield_now().await;
        }
    }

    /// Sends what is held back: the task is about to wait.
    pub(crate) fn end(&mut self) {
        if self.corked > 0 {
            self.corked = 0;
            self.sender.uncork();
        }
    }
}

/// However it ends: an error, a panic, a cancelled consumer.
impl Drop for Turn {
    fn drop(&mut self) {
        self.end();
    }
}
