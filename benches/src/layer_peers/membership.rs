//! What a group send costs Redis by the number of members in one process.
//!
//! A number of messages is sent while the receiving process is suspended, so that Redis does
//! nothing else; then that goes on, and every member must get every message.

use laureola_testkit::RedisServer;
use serde::Serialize;

use super::gauge::RedisTime;
use super::job::{Job, Kind, Mark};
use super::pair::{Pair, Side};

/// How many messages.
const BURST: u32 = 1_000;
/// The same where each of them names all members, which takes 75 bytes a member.
const LONG_BURST: u32 = 100;
/// Seconds for a group's members to be suspended, once they have joined.
const CALM: f64 = 0.5;

/// How much more than few members many may cost with `membership = "process"`.
pub const BAR: f64 = 0.2;

/// Redis's microseconds for one group send.
#[derive(Clone, Debug, Serialize)]
pub struct Cost {
    /// `channel` or `process`.
    pub membership: &'static str,
    /// Members in the one receiving process.
    pub members: u32,
    /// CPU time: what the bar is about.
    pub cpu_micros: f64,
    /// The lowest of all runs, for whatever else the machine does only adds.
    pub lowest_cpu_micros: f64,
    /// How long scripts took by the clock, interruptions included.
    pub script_micros: f64,
    /// Messages that some member did not get, or got twice.
    pub incomplete: u64,
}

/// The runs of a round: those the bar is about thrice, since each lasts but a moment.
#[must_use]
pub fn runs(quick: bool) -> Vec<(&'static str, u32)> {
    let [few, many] = if quick { [10, 100] } else { [10, 10_000] };
    let of = |membership| [(membership, few), (membership, many)];
    let times = if quick { 1 } else { 3 };
    let mut runs = of("process").repeat(times);
    runs.extend(of("channel"));
    runs
}

/// One run on an empty `redis`.
///
/// # Errors
/// A process that fails or does not come to an end; what it had to say is on stderr.
///
/// # Panics
/// If Redis does not answer.
pub fn cost(membership: &'static str, members: u32, like: &Job, redis: &RedisServer) -> Result<Cost, String> {
    let by_process = membership == "process";
    let job = Job {
        layer: Kind::Core,
        members,
        warm_up: CALM,
        // What Redis gets at once must not depend on the scheduler.
        window: 1,
        burst: if by_process { BURST } else { LONG_BURST },
        by_process,
        ..like.clone()
    };
    redis.command(&["FLUSHALL"]);
    let pair = Pair::start(&Side::Ours, &job)?;
    let _: Mark = pair.lines.next()?;
    pair.suspend(true)?;
    let before = RedisTime::now(redis);
    let sent: Mark = pair.lines.next()?;
    let spent = RedisTime::now(redis).since(before, sent.completed);
    pair.suspend(false)?;
    Ok(Cost {
        membership,
        members,
        cpu_micros: spent.cpu,
        lowest_cpu_micros: spent.cpu,
        script_micros: spent.scripts,
        incomplete: pair.end()?,
    })
}
