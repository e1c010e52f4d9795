//! How much one client may say before others are heard.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Bytes of one turn. A flood is parsed, or thrown away, at some hundred megabytes a second: a turn is some 30 µs
/// then. tokio's own budget counts reads, and 128 of them, of 16 KiB each, would be milliseconds.
pub(crate) const TURN: usize = 8 * 1024;

/// Turns in a row after which a client that says nothing but [`Said::Head`] has to rest: more than
/// a head of any usual size.
const TURNS: u32 = 2;

/// Bytes of its turns from then on.
const LITTLE: usize = 2 * 1024;

/// How long it rests. A client of good will says a hundred requests in a turn, so this still lets
/// tens of thousands a second through; sixteen floods, without it, would keep two cores busy.
const REST: Duration = Duration::from_millis(1);

/// Where nobody waits for what is read, each rest is longer than the last, up to so many times: floods
/// that rest equally long wake together, and who comes then waits for all of them.
const LONGEST: u32 = 8;

/// What bytes are, by what reading them is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Part of a body: wanted as quickly as it comes.
    Body,
    /// Heads, and frames that control a connection: short, but in a flood.
    Head,
    /// Nothing anybody reads.
    Waste,
}

/// A connection's turn, counted in bytes it has read without having to wait for them.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    bytes: usize,
    /// Turns without a wait in between.
    row: u32,
    /// How many times [`REST`] it has to rest.
    rests: u32,
    rest: Option<Pin<Box<Sleep>>>,
}

impl Turn {
    /// Pending when the turn is over; the task runs again once others have run, or when it has
    /// rested.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.bytes < TURN {
            return Poll::Ready(());
        }
        if self.rests == 0 {
            self.bytes = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let times = self.rests;
        let rest = self.rest.get_or_insert_with(|| Box::pin(sleep(REST * times)));
        if rest.as_mut().poll(cx).is_ready() {
            self.rest = None;
            self.bytes = 0;
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// Reads for whoever has the turn, who gets little of a flood at a time: to parse it may cost a
    /// hundred times what it costs to read it.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut (impl AsyncRead + Unpin),
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.row < TURNS {
            return Pin::new(stream).poll_read(cx, buf);
        }
        let most = buf.remaining().min(LITTLE);
        let mut little = ReadBuf::new(buf.initialize_unfilled_to(most));
        let read = Pin::new(stream).poll_read(cx, &mut little);
        let count = little.filled().len();
        buf.advance(count);
        read
    }

    /// So many bytes were read; 0 where there were none to be had, which ends a turn as well.
    pub(crate) fn took(&mut self, bytes: usize, said: Said) {
        if bytes == 0 {
            (self.bytes, self.row) = (0, 0);
            return;
        }
        self.bytes += bytes;
        let floods = said != Said::Body && self.row >= TURNS;
        if self.bytes < if floods { LITTLE } else { TURN } {
            return;
        }
        self.bytes = TURN;
        self.row = match said {
            Said::Body => 0,
            _ => self.row.saturating_add(1),
        };
        self.rests = match said {
            Said::Body => 0,
            Said::Head => u32::from(floods),
            Said::Waste => self.row.min(LONGEST),
        };
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::time::Instant;

    use super::*;

    #[test]
    fn a_turn_ends_after_its_bytes_or_with_a_wait() {
        let cx = &mut Context::from_waker(Waker::noop());
        let mut turn = Turn::default();
        let mut read = |bytes: usize| {
            let polled = turn.poll(cx);
            turn.took(bytes, Said::Body);
            polled.is_ready()
        };
        assert!(read(TURN - 1));
        assert!(read(1));
        assert!(!read(0), "over");
        assert!(read(TURN - 1));
        assert!(read(0), "waits");
        assert!(read(TURN));
        assert!(!read(0));
    }

    #[tokio::test(start_paused = true)]
    async fn who_floods_rests() {
        let spent = async |said, turns: u32| {
            let (mut turn, begun) = (Turn::default(), Instant::now());
            for _ in 0..turns {
                turn.took(TURN, said);
                std::future::poll_fn(|cx| match turn.poll(cx) {
                    Poll::Pending if turn.rest.is_some() => Poll::Pending,
                    _ => Poll::Ready(()),
                })
                .await;
            }
            begun.elapsed()
        };
        assert_eq!(spent(Said::Body, 9).await, Duration::ZERO);
        assert_eq!(spent(Said::Head, TURNS).await, Duration::ZERO);
        assert!(spent(Said::Head, TURNS + 3).await >= 3 * REST);
        assert!(spent(Said::Waste, 3).await >= 3 * REST);
    }
}
