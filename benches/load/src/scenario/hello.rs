//! Requests over connections that stay open, one at a time on each.

use std::time::Duration;

use super::stage::{TURN, Ticker, connect, prepare};
use crate::cli::HelloArgs;
use crate::errors::{Errors, LoadError};
use crate::net::{Gone, Handler, Io, Tcp};
use crate::outcome::{Latencies, Outcome};
use crate::system::resources;
use crate::target::Target;
use crate::wire::http;

struct Requests {
    requests: Vec<Vec<u8>>,
    sent: Vec<Option<u64>>,
    connected: u64,
    answers: u64,
    asked: u64,
    all_answers: u64,
    latencies: Latencies,
    errors: Errors,
    asking: bool,
    from: u64,
    to: u64,
}

/// Does what `args` say, and completes `outcome`.
///
/// # Errors
/// [`LoadError`]; what goes wrong with single connections is in the outcome.
pub(super) fn run(mut outcome: Outcome, args: &HelloArgs) -> Result<Outcome, LoadError> {
    let (common, count) = (&args.common, args.connections);
    let progress = prepare(common, count)?;
    let watched = common.watched();
    let memory = resources(&watched.server, true).map_err(LoadError::Usage)?;
    let mut tcp = Tcp::new(count, common.options(&args.url, "http", count)?)?;
    let mut requests = Requests::new(&args.url, count, &common.headers());
    let connects = connect(&mut tcp, &mut requests, count, &watched, &progress)?;
    outcome.connections = count as u64;
    outcome.connected(requests.connected, &connects);
    if requests.connected == 0 {
        let why = requests.errors.any().unwrap_or("no reason given");
        return Err(LoadError::NotConnected(why.to_owned()));
    }
    requests.asking = true;
    tcp.io().look();
    for id in 0..count {
        requests.ask(id, tcp.io());
    }
    let mut ticker = Ticker::new();
    let mut until = |requests: &mut Requests, tcp: &mut Tcp, seconds: f64| -> Result<(), LoadError> {
        let start = tcp.io().look();
        let end = start + (seconds * 1e6) as u64;
        while tcp.io().now() < end {
            let left = Duration::from_micros(end - tcp.io().now());
            tcp.turn(requests, TURN.min(left))?;
            if ticker.is_due() {
                requests.expire(args.message_timeout, tcp.io());
                progress.at(tcp.io().now() - start, || {
                    format!("{} answers", requests.all_answers)
                });
            }
        }
        Ok(())
    };
    progress.stage("warm-up", (args.warmup * 1e6) as u64);
    until(&mut requests, &mut tcp, args.warmup)?;
    let before = watched.look().map_err(LoadError::Usage)?;
    requests.from = tcp.io().look();
    progress.stage("measure", (args.seconds * 1e6) as u64);
    until(&mut requests, &mut tcp, args.seconds)?;
    requests.to = tcp.io().look();
    let usage = watched.since(&before).map_err(LoadError::Usage)?;
    let memory_after = resources(&watched.server, true).map_err(LoadError::Usage)?;
    requests.asking = false;
    let drain = tcp.io().look();
    let mut waited = 0.0;
    while waited < args.message_timeout && requests.sent.iter().any(Option::is_some) {
        tcp.turn(&mut requests, TURN)?;
        waited = (tcp.io().look() - drain) as f64 / 1e6;
    }
    outcome.drain_seconds = waited;
    outcome.measured(requests.answers, &usage, !watched.server.is_empty());
    outcome.memory(&memory, &memory_after, requests.connected);
    outcome.messages = requests.asked;
    outcome.expected = requests.asked;
    outcome.lost = requests.asked - requests.all_answers;
    outcome.latency_us = requests.latencies.summary();
    outcome.failed(&requests.errors);
    Ok(outcome)
}

impl Requests {
    fn new(targets: &[Target], count: usize, headers: &[String]) -> Self {
        let more: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let request = |target: &Target| {
            let (path, host) = (&target.path, &target.authority);
            let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: load\r\nAccept: */*\r\n");
            format!("{head}{more}\r\n").into_bytes()
        };
        Self {
            requests: targets.iter().map(request).collect(),
            sent: vec![None; count],
            connected: 0,
            answers: 0,
            asked: 0,
            all_answers: 0,
            latencies: Latencies::default(),
            errors: Errors::default(),
            asking: false,
            from: u64::MAX,
            to: u64::MAX,
        }
    }

    fn ask(&mut self, id: usize, io: &mut Io) {
        let now = io.now();
        if let Some(outbox) = io.outbox(id) {
            outbox.extend_from_slice(&self.requests[id % self.requests.len()]);
            self.sent[id] = Some(now);
            self.asked += 1;
        }
    }

    /// Closes what has waited too long for its answer.
    fn expire(&mut self, seconds: f64, io: &mut Io) {
        let before = io.now().saturating_sub((seconds * 1e6) as u64);
        for id in 0..self.sent.len() {
            if self.sent[id].is_some_and(|sent| sent < before) {
                self.sent[id] = None;
                self.errors.add(&"a request was not answered in time");
                io.close(id);
            }
        }
    }
}

impl Handler for Requests {
    fn opened(&mut self, id: usize, io: &mut Io) {
        self.connected += 1;
        io.ready(id);
    }

    fn received(&mut self, id: usize, bytes: &[u8], io: &mut Io) -> Result<usize, Gone> {
        let Some(response) = http::response(bytes)? else {
            return Ok(0);
        };
        let now = io.now();
        if let Some(sent) = self.sent[id].take() {
            self.all_answers += 1;
            if response.status != 200 {
                self.errors.add(&format_args!("status {}", response.status));
            }
            if (self.from..self.to).contains(&now) {
                self.answers += 1;
            }
            if (self.from..self.to).contains(&sent) {
                self.latencies.record(now - sent);
            }
        }
        if self.asking {
            self.ask(id, io);
        }
        Ok(response.end)
    }

    fn gone(&mut self, id: usize, why: Gone, _: &mut Io) {
        self.sent[id] = None;
        self.errors.add(&why);
    }
}
