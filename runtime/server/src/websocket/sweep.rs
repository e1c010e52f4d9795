//! One loop per server instead of timers per socket: pings, and ends what is overdue.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use tracing::debug;

use super::close;
use super::outbound::Stage;
use super::registry::BATCH;
use super::socket::Socket;
use crate::clock::Tick;
use crate::observe::Waiting;
use crate::shared::Shared;

/// A ping without a payload.
const PING: Bytes = Bytes::from_static(&[0x89, 0]);

/// The options, in ticks.
#[derive(Debug)]
struct Overdue {
    ping_interval: Option<Tick>,
    ping_timeout: Option<Tick>,
    lifetime: Option<Tick>,
    close: Tick,
    slow: Tick,
}

/// Moves the clock on and looks after every socket, until it is dropped.
pub(crate) async fn run(shared: &Shared) {
    let options = &shared.options;
    let ticks = |duration| shared.clock.ticks(duration);
    let overdue = Overdue {
        ping_interval: options.ping_interval.map(ticks),
        ping_timeout: options.ping_timeout.map(ticks),
        lifetime: options.websocket_timeout.map(ticks),
        close: ticks(options.websocket_close_timeout),
        slow: ticks(options.slow_client_timeout),
    };
    loop {
        tokio::time::sleep(shared.clock.tick()).await;
        let now = shared.clock.advance();
        let mut waiting = Waiting::default();
        for batch in shared.sockets.snapshot().chunks(BATCH) {
            for socket in batch {
                look_at(socket, &overdue, now);
                if shared.metrics.is_on() {
                    waiting.add(socket.outbound.queued());
                }
            }
            tokio::task::yield_now().await;
        }
        shared.metrics.gather(waiting);
    }
}

fn look_at(socket: &Socket, overdue: &Overdue, now: Tick) {
    let passed = |since: Tick, limit: Tick| now.saturating_sub(since) > limit;
    match socket.outbound.owes_since() {
        (Stage::Dead, _) => {}
        (Stage::Closing, since) => {
            if since.is_some_and(|since| passed(since, overdue.close)) {
                debug!("a websocket client did not close in time");
                socket.outbound.kill();
            }
        }
        (Stage::Open, Some(since)) if passed(since, overdue.slow) => {
            socket.give_up_slow();
        }
        (Stage::Open, waits) => {
            if overdue.lifetime.is_some_and(|limit| passed(socket.opened, limit)) {
                socket.ask_to_close(close::NORMAL);
            } else if waits.is_some() {
                // A ping would only queue up behind what waits, or find no room. Until that is
                // written, the client shows that it lives by taking it.
                socket.pinged.store(0, Ordering::Relaxed);
            } else if !socket.deaf.load(Ordering::Relaxed) {
                keep_alive(socket, overdue, now);
            }
        }
    }
}

/// A client that was silent for the interval is pinged; one that stays silent for the timeout has
/// gone without a word.
fn keep_alive(socket: &Socket, overdue: &Overdue, now: Tick) {
    let Some(interval) = overdue.ping_interval else {
        return;
    };
    let heard = socket.heard.load(Ordering::Relaxed);
    let pinged = socket.pinged.load(Ordering::Relaxed);
    let waits = pinged != 0 && heard < pinged;
    if waits {
        if overdue.ping_timeout.is_some_and(|limit| now - pinged > limit) {
            debug!("a websocket client did not answer a ping");
            socket
                .outbound
                .close(&close::frame(close::FAILED, "ping timeout"), now);
            socket.outbound.kill();
        }
    } else if now.saturating_sub(heard.max(pinged)) >= interval {
        socket.pinged.store(now, Ordering::Relaxed);
        socket.outbound.control(&PING, now);
    }
}

#[cfg(test)]
mod tests {
    use laureola_asgi::Application;
    use laureola_asgi::router::NotFound;

    use super::*;
    use crate::options::Options;

    const OVERDUE: Overdue = Overdue {
        ping_interval: Some(2),
        ping_timeout: Some(2),
        lifetime: None,
        close: 5,
        slow: 10,
    };

    #[test]
    fn a_client_that_still_takes_what_waits_is_not_asked_for_pongs() {
        let shared = Shared::new(NotFound.boxed(), Options::default());
        let socket = Socket::new(shared, Box::default(), None);
        // Without a stream, everything waits.
        socket
            .outbound
            .push(&Bytes::from_static(b"a message"), 1)
            .unwrap();
        for now in 1..=11 {
            look_at(&socket, &OVERDUE, now);
            assert_eq!(socket.outbound.stage(), Stage::Open, "at {now}");
            assert_eq!(socket.pinged.load(Ordering::Relaxed), 0);
        }
        look_at(&socket, &OVERDUE, 12);
        assert_eq!(
            socket.outbound.stage(),
            Stage::Closing,
            "nothing was taken for too long"
        );
    }
}
