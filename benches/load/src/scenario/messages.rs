//! Rooms of members that send to each other.

use std::time::{Duration, Instant};

use super::stage::{TURN, Ticker, connect, prepare, quiet};
use super::traffic::Traffic;
use crate::cli::Common;
use crate::errors::LoadError;
use crate::net::Tcp;
use crate::outcome::{Outcome, Slow};
use crate::progress::Progress;
use crate::protocol::Protocol;
use crate::system::{Usage, Watched, resources};
use crate::target::Target;
use crate::websocket::{Site, WebSockets};

/// What comes at last, such as duplicates, has this long after the last delivery.
const SILENCE: u64 = 100_000;

/// A mark has room for 71 minutes of microseconds.
const LONGEST: f64 = 3600.0;

/// When messages leave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pace {
    /// So many are on their way in each room.
    Window(usize),
    /// So many leave each second in each room.
    Rate(f64),
    /// So many leave at once in each room, and no more.
    Burst(usize),
}

/// A run.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The servers.
    pub(super) targets: Vec<Target>,
    /// Rooms.
    pub(super) rooms: usize,
    /// Members of each room.
    pub(super) members: usize,
    /// Of them, senders.
    pub(super) senders: usize,
    /// Clients beside them that do not read.
    pub(super) slow: usize,
    /// Bytes per second that each of those reads all the same.
    pub(super) slow_rate: usize,
    /// How messages look.
    pub(super) protocol: Protocol,
    /// The length of a payload.
    pub(super) bytes: usize,
    /// When messages leave.
    pub(super) pace: Pace,
    /// Seconds between the last connection and the first message.
    pub(super) settle: f64,
    /// Seconds before measuring.
    pub(super) warmup: f64,
    /// Seconds of measuring.
    pub(super) seconds: f64,
    /// After so many seconds a message is given up.
    pub(super) message_timeout: f64,
    /// At most so many seconds are waited at the end.
    pub(super) drain: f64,
}

struct Run<'a> {
    plan: &'a Plan,
    watched: &'a Watched,
    progress: &'a Progress,
    tcp: Tcp,
    clients: WebSockets<Traffic>,
    ticker: Ticker,
    /// When the first message was due.
    start: u64,
    /// Messages that were due so far (a rate only).
    due: u64,
    /// When this stage began, for the bar.
    stage: u64,
}

/// Does what `plan` says, and completes `outcome`.
///
/// # Errors
/// [`LoadError`]; what goes wrong with single connections is in the outcome.
pub(super) fn run(mut outcome: Outcome, common: &Common, plan: &Plan) -> Result<Outcome, LoadError> {
    let members = plan.rooms * plan.members;
    let everybody = members + plan.slow;
    if plan.settle + plan.warmup + plan.seconds > LONGEST {
        return Err(LoadError::Usage("a run is an hour at most".to_owned()));
    }
    let progress = prepare(common, everybody)?;
    let watched = common.watched();
    let memory = resources(&watched.server, true).map_err(LoadError::Usage)?;
    let mut tcp = Tcp::new(everybody, common.options(&plan.targets, "ws", members)?)?;
    let mut clients = {
        let site = site(plan, common);
        let traffic = traffic(plan, &site.rooms);
        WebSockets::new(site, traffic)
    };
    let connects = connect(&mut tcp, &mut clients, everybody, &watched, &progress)?;
    outcome.connections = members as u64;
    outcome.connected(clients.client.connected, &connects);
    if clients.client.connected == 0 {
        let why = clients.client.errors.any().unwrap_or("no reason given");
        return Err(LoadError::NotConnected(why.to_owned()));
    }
    quiet(&mut tcp, &mut clients, plan.settle, &progress)?;
    let mut run = Run {
        plan,
        watched: &watched,
        progress: &progress,
        tcp,
        clients,
        ticker: Ticker::new(),
        start: 0,
        due: 0,
        stage: 0,
    };
    let usage = run.measure()?;
    let memory_after = resources(&watched.server, true).map_err(LoadError::Usage)?;
    outcome.drain_seconds = run.drain()?;
    let traffic = &run.clients.client;
    outcome.measured(traffic.deliveries, &usage, !watched.server.is_empty());
    outcome.memory(&memory, &memory_after, traffic.connected);
    count(&mut outcome, traffic, plan);
    Ok(outcome)
}

/// What came of the messages.
fn count(outcome: &mut Outcome, traffic: &Traffic, plan: &Plan) {
    let is_burst = matches!(plan.pace, Pace::Burst(_));
    let last = traffic.last.saturating_sub(traffic.from) as f64 / 1e6;
    outcome.last_delivery_seconds = is_burst.then_some(last);
    let counts = traffic.ledger.counts();
    outcome.messages = counts.messages;
    outcome.expected = counts.expected;
    outcome.lost = counts.lost();
    outcome.duplicates = counts.duplicates;
    outcome.reordered = counts.reordered;
    outcome.other_messages = traffic.others;
    outcome.latency_us = traffic.latencies.summary();
    outcome.send_lag_us = traffic.send_lags.summary();
    outcome.failed(&traffic.errors);
    outcome.slow = (plan.slow > 0).then_some(Slow {
        connected: traffic.slow_connected,
        closed: traffic.slow_closed,
    });
}

fn site(plan: &Plan, common: &Common) -> Site {
    let members = plan.rooms * plan.members;
    let of_member = (0..members).map(|id| (id / plan.members) as u32);
    let of_slow = (0..plan.slow).map(|slow| (slow % plan.rooms) as u32);
    Site {
        targets: plan.targets.clone(),
        headers: common.headers(),
        protocol: plan.protocol,
        rooms: super::room_names(plan.rooms),
        room_of: of_member.chain(of_slow).collect(),
    }
}

fn traffic(plan: &Plan, rooms: &[String]) -> Traffic {
    let different = if plan.protocol.names_rooms() {
        plan.rooms
    } else {
        1
    };
    let rooms = rooms.iter().take(different);
    let templates = rooms
        .map(|room| plan.protocol.template(room, plan.bytes))
        .collect();
    Traffic::new(
        plan.rooms,
        plan.members,
        plan.senders,
        plan.slow,
        plan.bytes,
        templates,
    )
}

impl Run<'_> {
    /// From the first message to the end of measuring.
    fn measure(&mut self) -> Result<Usage, LoadError> {
        let warmup = if matches!(self.plan.pace, Pace::Burst(_)) {
            0.0
        } else {
            self.plan.warmup
        };
        self.start = self.tcp.io().look();
        self.enter("warm-up", warmup);
        if warmup > 0.0 {
            self.begin();
            self.go_on(self.start + micros(warmup))?;
        }
        let before = self.watched.look().map_err(LoadError::Usage)?;
        let from = self.tcp.io().look();
        self.clients.client.from = from;
        if warmup == 0.0 {
            self.start = from;
            self.begin();
        }
        self.enter("measure", self.plan.seconds);
        self.go_on(from + micros(self.plan.seconds))?;
        self.clients.client.to = self.tcp.io().look();
        self.clients.client.follows = false;
        self.watched.since(&before).map_err(LoadError::Usage)
    }

    fn enter(&mut self, stage: &'static str, seconds: f64) {
        self.stage = self.tcp.io().now();
        self.progress.stage(stage, micros(seconds));
    }

    /// The first messages leave.
    fn begin(&mut self) {
        let traffic = &mut self.clients.client;
        let at_once = match self.plan.pace {
            Pace::Window(window) => window,
            Pace::Burst(messages) => messages,
            Pace::Rate(_) => 0,
        };
        traffic.follows = matches!(self.plan.pace, Pace::Window(_));
        let io = self.tcp.io();
        for room in 0..self.plan.rooms {
            for _ in 0..at_once {
                traffic.send(room, io.now(), io);
            }
        }
    }

    /// Until `end`, or until a burst is all there.
    fn go_on(&mut self, end: u64) -> Result<(), LoadError> {
        loop {
            let now = self.tcp.io().look();
            let all_there =
                matches!(self.plan.pace, Pace::Burst(_)) && self.clients.client.ledger.in_flight() == 0;
            let next = self.send_what_is_due(now.min(end)).min(end);
            if now >= end || all_there {
                return Ok(());
            }
            let wait = Duration::from_micros(next.saturating_sub(now)).min(TURN);
            self.tcp.turn(&mut self.clients, wait)?;
            self.tick(now);
        }
    }

    /// With a rate: what is due by `now` leaves, with the time it was due. Returns when the next one is.
    fn send_what_is_due(&mut self, now: u64) -> u64 {
        let Pace::Rate(rate) = self.plan.pace else {
            return u64::MAX;
        };
        // Rooms take turns, evenly.
        let every = 1e6 / (rate * self.plan.rooms as f64);
        loop {
            let due = self.start + (self.due as f64 * every) as u64;
            if due > now {
                return due;
            }
            let room = (self.due % self.plan.rooms as u64) as usize;
            let traffic = &mut self.clients.client;
            traffic.send_lags.record(now - due);
            traffic.send(room, due, self.tcp.io());
            self.due += 1;
        }
    }

    fn tick(&mut self, now: u64) {
        if !self.ticker.is_due() {
            return;
        }
        let before = now.saturating_sub(micros(self.plan.message_timeout));
        self.clients.client.expire(before, self.tcp.io());
        let members = self.plan.rooms * self.plan.members;
        if self.plan.slow_rate > 0 {
            for id in members..members + self.plan.slow {
                self.tcp.read_some(id, self.plan.slow_rate.div_ceil(10));
            }
        }
        let traffic = &self.clients.client;
        let counts = traffic.ledger.counts();
        self.progress.at(now.saturating_sub(self.stage), || {
            format!("{} deliveries, {} on their way", counts.delivered, counts.lost())
        });
    }

    /// Until all is there, or given up, and nothing more comes. Returns the seconds until the last delivery.
    fn drain(&mut self) -> Result<f64, LoadError> {
        self.enter("drain", self.plan.drain);
        let began = self.tcp.io().now();
        let deadline = Instant::now() + Duration::from_secs_f64(self.plan.drain);
        while Instant::now() < deadline {
            self.tcp.turn(&mut self.clients, TURN)?;
            let now = self.tcp.io().look();
            self.tick(now);
            let traffic = &self.clients.client;
            if traffic.ledger.in_flight() == 0 && now > began.max(traffic.last) + SILENCE {
                break;
            }
        }
        Ok(self.clients.client.last.saturating_sub(began) as f64 / 1e6)
    }
}

fn micros(seconds: f64) -> u64 {
    (seconds * 1e6) as u64
}
