//! Connections that do nothing, and the memory they cost.

use std::time::{Duration, Instant};

use super::stage::{connect, prepare, quiet};
use crate::cli::IdleArgs;
use crate::errors::{Errors, LoadError};
use crate::net::{Gone, Io, Tcp};
use crate::outcome::Outcome;
use crate::progress::Progress;
use crate::system::{Resources, resources};
use crate::websocket::{Client, Site, WebSockets};

/// How long apart two looks at the memory are, and how many have to agree.
const LOOK: f64 = 0.25;
const AGREEING: usize = 4;

#[derive(Default)]
struct Sleepers {
    connected: u64,
    texts: u64,
    errors: Errors,
}

/// Does what `args` say, and completes `outcome`.
///
/// # Errors
/// [`LoadError`]; what goes wrong with single connections is in the outcome.
pub(super) fn run(mut outcome: Outcome, args: &IdleArgs) -> Result<Outcome, LoadError> {
    let (common, count) = (&args.common, args.connections);
    let progress = prepare(common, count)?;
    let watched = common.watched();
    let room_size = args.room_size.unwrap_or(count);
    let site = Site {
        targets: args.url.clone(),
        headers: common.headers(),
        protocol: args.protocol,
        rooms: super::room_names(count.div_ceil(room_size)),
        room_of: (0..count).map(|id| (id / room_size) as u32).collect(),
    };
    let mut tcp = Tcp::new(count, common.options(&args.url, "ws", count)?)?;
    let mut clients = WebSockets::new(site, Sleepers::default());
    let before = resources(&watched.server, true).map_err(LoadError::Usage)?;
    let connects = connect(&mut tcp, &mut clients, count, &watched, &progress)?;
    let connected = clients.client.connected;
    outcome.connections = count as u64;
    outcome.connected(connected, &connects);
    if connected == 0 {
        let why = clients.client.errors.any().unwrap_or("no reason given");
        return Err(LoadError::NotConnected(why.to_owned()));
    }
    let after = settled(&mut tcp, &mut clients, args, &progress)?;
    let held = watched.look().map_err(LoadError::Usage)?;
    quiet(&mut tcp, &mut clients, args.seconds, &progress)?;
    let usage = watched.since(&held).map_err(LoadError::Usage)?;
    outcome.measured(0, &usage, !watched.server.is_empty());
    outcome.memory(&before, &after, tcp.ready() as u64);
    outcome.other_messages = clients.client.texts;
    outcome.failed(&clients.client.errors);
    Ok(outcome)
}

/// The server's memory once it stays what it is.
fn settled(
    tcp: &mut Tcp,
    clients: &mut WebSockets<Sleepers>,
    args: &IdleArgs,
    progress: &Progress,
) -> Result<Resources, LoadError> {
    let pids = &args.common.server_pid;
    let look = || resources(pids, true).map_err(LoadError::Usage);
    let deadline = Instant::now() + Duration::from_secs_f64(args.settle);
    let (mut last, mut agreed) = (look()?, 0);
    while !pids.is_empty() && agreed < AGREEING && Instant::now() < deadline {
        quiet(tcp, clients, LOOK, progress)?;
        let now = look()?;
        let same = now.rss.abs_diff(last.rss) <= last.rss / 500;
        agreed = if same { agreed + 1 } else { 0 };
        last = now;
    }
    Ok(last)
}

impl Client for Sleepers {
    fn joined(&mut self, _: usize, _: &mut Io) {
        self.connected += 1;
    }

    fn message(&mut self, _: usize, _: &[u8], _: &mut Io) {
        self.texts += 1;
    }

    fn gone(&mut self, _: usize, why: Gone, _: &mut Io) {
        self.errors.add(&why);
    }
}
