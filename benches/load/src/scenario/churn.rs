//! Connections that come and go, or that come all at once.

mod visitors;

use std::time::Instant;

use super::stage::{TURN, Ticker, prepare};
use crate::cli::ChurnArgs;
use crate::errors::LoadError;
use crate::net::Tcp;
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::system::resources;
use crate::websocket::{Site, WebSockets};
use visitors::Visitors;

struct Run<'a> {
    args: &'a ChurnArgs,
    progress: Progress,
    tcp: Tcp,
    clients: WebSockets<Visitors>,
    ticker: Ticker,
}

/// Does what `args` say, and completes `outcome`.
///
/// # Errors
/// [`LoadError`]; what goes wrong with single connections is in the outcome.
pub(super) fn run(mut outcome: Outcome, args: &ChurnArgs) -> Result<Outcome, LoadError> {
    let (common, count) = (&args.common, args.connections);
    let progress = prepare(common, count)?;
    let watched = common.watched();
    let memory = resources(&watched.server, true).map_err(LoadError::Usage)?;
    let site = site(args);
    let visitors = Visitors::new(args, &site);
    let mut run = Run {
        args,
        progress,
        tcp: Tcp::new(count, common.options(&args.url, "ws", count)?)?,
        clients: WebSockets::new(site, visitors),
        ticker: Ticker::new(),
    };
    let began = watched.look().map_err(LoadError::Usage)?;
    for id in 0..count {
        run.clients.client.queue(id, run.tcp.io());
    }
    let mut before = began.clone();
    if !args.hold {
        run.until("warm-up", args.warmup)?;
        before = watched.look().map_err(LoadError::Usage)?;
        run.clients.client.measure(run.tcp.io());
    }
    run.until("measure", args.seconds)?;
    let usage = watched.since(&before).map_err(LoadError::Usage)?;
    let all = watched.since(&began).map_err(LoadError::Usage)?;
    let memory_after = resources(&watched.server, true).map_err(LoadError::Usage)?;
    let visitors = &run.clients.client;
    if visitors.all_connects == 0 {
        let why = visitors.errors.any().unwrap_or("no reason given");
        return Err(LoadError::NotConnected(why.to_owned()));
    }
    outcome.connections = visitors.all_connects + visitors.failed;
    outcome.connected(visitors.all_connects, &all);
    outcome.measured(visitors.connects, &usage, !watched.server.is_empty());
    // Without --hold this is what the server keeps of those that left.
    outcome.memory(&memory, &memory_after, visitors.all_connects);
    outcome.other_messages = visitors.others;
    outcome.latency_us = visitors.latencies.summary();
    outcome.failed(&visitors.errors);
    Ok(outcome)
}

fn site(args: &ChurnArgs) -> Site {
    let count = args.connections;
    let room_size = args.room_size.unwrap_or(count);
    Site {
        targets: args.url.clone(),
        headers: args.common.headers(),
        protocol: args.protocol,
        rooms: super::room_names(count.div_ceil(room_size)),
        room_of: (0..count).map(|id| (id / room_size) as u32).collect(),
    }
}

impl Run<'_> {
    /// For so many seconds; a storm is over when it is.
    fn until(&mut self, stage: &'static str, seconds: f64) -> Result<(), LoadError> {
        let (start, storm) = (Instant::now(), self.args.hold);
        let length = if storm {
            self.args.connections as u64
        } else {
            (seconds * 1e6) as u64
        };
        self.progress.stage(stage, length);
        loop {
            let elapsed = start.elapsed();
            let over = if storm {
                self.clients.client.arriving == 0
            } else {
                elapsed.as_secs_f64() >= seconds
            };
            if over {
                return Ok(());
            }
            self.tcp.turn(&mut self.clients, TURN)?;
            if self.ticker.is_due() {
                self.tcp.sweep(&mut self.clients);
                self.clients
                    .client
                    .expire(self.args.common.connect_timeout, self.tcp.io());
                let done = self.clients.client.all_connects;
                let position = if storm { done } else { elapsed.as_micros() as u64 };
                self.progress.at(position, || format!("{done} connects"));
            }
        }
    }
}
