//! One connection: accepts streams, serves them, and ends in order.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use h2::server::{Connection, SendResponse};
use h2::{Ping, PingPong, Reason, RecvStream};
use http::Request;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tracing::debug;

use super::stream;
use super::watchdog::{DRAIN, Due, Watchdog};
use super::wire::{Offence, Owed, Wire};
use crate::connection::Peer;
use crate::shared::Shared;

/// What there is to do next.
enum Turn {
    Request(Box<(Request<RecvStream>, SendResponse<Bytes>)>),
    Offence(Offence),
    Served,
    Time,
    Stop,
    /// The connection is closed, or broken.
    Over(Option<h2::Error>),
}

/// Serves `h2` to its end. Dropped, every stream is broken off.
pub(super) async fn serve(
    shared: Arc<Shared>,
    peer: Arc<Peer>,
    h2: Connection<Wire, Bytes>,
    owed: Arc<Owed>,
) {
    let watchdog = Watchdog::new(&shared.options, Arc::clone(&owed));
    let first = watchdog.next().map_or_else(Instant::now, |(at, _)| at);
    let mut served = Served {
        h2,
        owed,
        watchdog,
        timer: Box::pin(sleep_until(first)),
        pings: None,
    };
    let mut streams = FuturesUnordered::new();
    let mut stopped = pin!(shared.stopped());
    loop {
        let draining = served.watchdog.is_draining();
        let turn = tokio::select! {
            biased;
            turn = poll_fn(|cx| served.poll(cx)) => turn,
            Some(()) = streams.next(), if !streams.is_empty() => Turn::Served,
            () = &mut stopped, if !draining => Turn::Stop,
        };
        match turn {
            Turn::Request(request) => {
                let (request, respond) = *request;
                let pushes = served.owed.seen().pushes;
                streams.push(stream::serve(&peer, request, respond, pushes));
            }
            Turn::Served => {}
            Turn::Stop => served.go_away(),
            Turn::Time => {
                if !served.due() {
                    break;
                }
            }
            Turn::Offence(offence) => {
                debug!(?offence, "a client of HTTP/2 is cut off");
                let reason = match offence {
                    Offence::NoSettings => Reason::PROTOCOL_ERROR,
                    Offence::Resets | Offence::Controls => Reason::ENHANCE_YOUR_CALM,
                };
                served.h2.abrupt_shutdown(reason);
                break;
            }
            Turn::Over(error) => {
                if let Some(error) = error {
                    debug!(%error, "an HTTP/2 connection broke");
                }
                return;
            }
        }
    }
    // Their applications learn it now, not when the last GOAWAY is taken.
    drop(streams);
    let _ = timeout(DRAIN, poll_fn(|cx| served.h2.poll_closed(cx))).await;
}

struct Served {
    h2: Connection<Wire, Bytes>,
    owed: Arc<Owed>,
    watchdog: Watchdog,
    timer: Pin<Box<Sleep>>,
    pings: Option<PingPong>,
}

impl Served {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        let accepted = pin!(self.h2.accept()).poll(cx);
        if let Some(offence) = self.owed.seen().offence {
            return Poll::Ready(Turn::Offence(offence));
        }
        match accepted {
            Poll::Ready(Some(Ok(request))) => return Poll::Ready(Turn::Request(Box::new(request))),
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Turn::Over(Some(error))),
            Poll::Ready(None) => return Poll::Ready(Turn::Over(None)),
            Poll::Pending => {}
        }
        self.watchdog.note(self.h2.has_streams());
        if let Some((at, _)) = self.watchdog.next()
            && at < self.timer.deadline()
        {
            self.timer.as_mut().reset(at);
        }
        self.timer.as_mut().poll(cx).map(|()| Turn::Time)
    }

    /// Tells the client to open no more streams; those there are go on.
    fn go_away(&mut self) {
        self.h2.graceful_shutdown();
        self.watchdog.drain();
    }

    /// The timer's time has come. Returns whether the connection goes on.
    fn due(&mut self) -> bool {
        let now = Instant::now();
        match self.watchdog.next() {
            Some((at, due)) if at <= now => match due {
                Due::Ping => self.ping(),
                Due::Idle if !self.watchdog.is_draining() => self.go_away(),
                Due::Idle => {
                    self.h2.abrupt_shutdown(Reason::NO_ERROR);
                    return false;
                }
                Due::Slow => {
                    debug!("a client of HTTP/2 is too slow");
                    self.h2.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
                    return false;
                }
                Due::Stalled | Due::Dead => {
                    debug!(?due, "a client of HTTP/2 has gone");
                    return false;
                }
            },
            _ => {}
        }
        // Whatever comes first moves the timer back.
        let next = self.watchdog.next().map(|(at, _)| at);
        let next = next.unwrap_or_else(|| now + std::time::Duration::from_secs(86_400));
        self.timer.as_mut().reset(next);
        true
    }

    fn ping(&mut self) {
        if self.pings.is_none() {
            self.pings = self.h2.ping_pong();
        }
        if let Some(pings) = &mut self.pings {
            // The answer to the last one, which nobody waited for: any byte was good enough.
            let mut cx = Context::from_waker(std::task::Waker::noop());
            let _ = pings.poll_pong(&mut cx);
            let _ = pings.send_ping(Ping::opaque());
        }
        self.watchdog.pinged();
    }
}
