//! One loop per server instead of timers per socket: pings, and ends what is overdue.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use tracing::debug;

use super::close;
use super::outbound::Stage;
use super::registry::BATCH;
use super::socket::Socket;
use crate::clock::Tick;
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
        for batch in shared.sockets.snapshot().chunks(BATCH) {
            for socket in batch {
                look_at(socket, &overdue, now);
            }
            tokio::task::yield_now().await;
        }
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
            debug!("a websocket client does not read");
            socket.outbound.kill();
        }
        (Stage::Open, _) => {
            if overdue.lifetime.is_some_and(|limit| passed(socket.opened, limit)) {
                socket.ask_to_close(close::NORMAL);
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
                .close(close::frame(close::FAILED, "ping timeout"), now);
            socket.outbound.kill();
        }
    } else if now.saturating_sub(heard.max(pinged)) >= interval {
        socket.pinged.store(now, Ordering::Relaxed);
        socket.outbound.control(PING, now);
    }
}
