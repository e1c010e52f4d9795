//! The difference between two looks, and what it says.

use std::collections::HashMap;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use super::machine::Machine;
use super::processes::resources;

/// Who could do no more. The first that fits: a busy client says nothing about the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Saturated {
    /// This tool had 95 % of a core or more: the server may be able to do more.
    Client,
    /// All cores together were 95 % busy.
    Machine,
    /// The server's busiest process had 92 % of a core or more, with cores to spare.
    Server,
    /// None of them: what was asked for was done.
    Neither,
}

/// The processes whose time is looked at, with all they start.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// The server's.
    pub server: Vec<u32>,
    /// Redis's.
    pub redis: Vec<u32>,
}

/// A look at the clocks.
#[derive(Clone, Debug)]
pub struct Snapshot {
    at: Instant,
    machine: Machine,
    server: HashMap<u32, f64>,
    redis: HashMap<u32, f64>,
    client: f64,
}

/// What was used between two looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Seconds between them.
    pub seconds: f64,
    /// CPU seconds of the server.
    pub server: f64,
    /// CPU seconds of its busiest process.
    pub busiest: f64,
    /// CPU seconds of Redis.
    pub redis: f64,
    /// CPU seconds of this process.
    pub client: f64,
    /// The share of the machine that was busy, 0 to 1.
    pub busy: f64,
    /// The share of the machine that other processes had, or that a hypervisor took away, 0 to 1.
    pub others: f64,
}

impl Watched {
    /// Looks now.
    ///
    /// # Errors
    /// Which process is not there.
    pub fn look(&self) -> Result<Snapshot, String> {
        let own = clock_gettime(ClockId::ProcessCPUTime);
        Ok(Snapshot {
            at: Instant::now(),
            machine: Machine::now(),
            server: resources(&self.server, false)?.cpu,
            redis: resources(&self.redis, false)?.cpu,
            client: own.tv_sec as f64 + own.tv_nsec as f64 / 1e9,
        })
    }

    /// What was used since `before`.
    ///
    /// # Errors
    /// Which process is not there.
    pub fn since(&self, before: &Snapshot) -> Result<Usage, String> {
        let now = self.look()?;
        let capacity = (now.machine.total - before.machine.total).max(f64::MIN_POSITIVE);
        let (server, busiest) = spent(&before.server, &now.server);
        let (redis, _) = spent(&before.redis, &now.redis);
        let client = now.client - before.client;
        let busy = now.machine.busy - before.machine.busy;
        let stolen = now.machine.stolen - before.machine.stolen;
        Ok(Usage {
            seconds: (now.at - before.at).as_secs_f64(),
            server,
            busiest,
            redis,
            client,
            busy: (busy / capacity).clamp(0.0, 1.0),
            others: ((busy - server - redis - client + stolen) / capacity).clamp(0.0, 1.0),
        })
    }
}

impl Usage {
    /// Who could do no more.
    #[must_use]
    pub fn saturated(&self) -> Saturated {
        let share = |cpu: f64| cpu / self.seconds.max(f64::MIN_POSITIVE);
        if share(self.client) >= 0.95 {
            Saturated::Client
        } else if self.busy >= 0.95 {
            Saturated::Machine
        } else if share(self.busiest) >= 0.92 {
            Saturated::Server
        } else {
            Saturated::Neither
        }
    }

    /// Whether others took so much of a busy machine that the figures are doubtful: more than a tenth of it while
    /// it was 92 % busy. Where the server's processes are not named, the server itself is one of the others: ask only
    /// where they are.
    #[must_use]
    pub fn disturbed(&self) -> bool {
        self.others > 0.10 && self.busy > 0.92
    }
}

/// The sum, and the most of one process. One that ended meanwhile is in its parent's time, if it was waited for.
fn spent(before: &HashMap<u32, f64>, now: &HashMap<u32, f64>) -> (f64, f64) {
    let each = now
        .iter()
        .map(|(pid, cpu)| cpu - before.get(pid).copied().unwrap_or_default());
    each.fold((0.0, 0.0), |(sum, most), cpu| (sum + cpu, f64::max(most, cpu)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const USAGE: Usage = Usage {
        seconds: 4.0,
        server: 1.0,
        busiest: 1.0,
        redis: 0.0,
        client: 1.0,
        busy: 0.3,
        others: 0.05,
    };

    #[test]
    fn the_first_that_could_do_no_more_is_named() {
        let saturated = |busiest, client, busy| {
            let usage = Usage {
                busiest,
                client,
                busy,
                ..USAGE
            };
            usage.saturated()
        };
        assert_eq!(saturated(1.0, 1.0, 0.3), Saturated::Neither);
        assert_eq!(saturated(3.9, 1.0, 0.7), Saturated::Server);
        assert_eq!(saturated(3.9, 3.9, 1.0), Saturated::Client);
        assert_eq!(saturated(3.0, 3.0, 0.99), Saturated::Machine);
    }

    #[test]
    fn others_disturb_only_where_nothing_is_left() {
        assert!(!USAGE.disturbed());
        assert!(!Usage { others: 0.5, ..USAGE }.disturbed());
        assert!(
            Usage {
                others: 0.2,
                busy: 1.0,
                ..USAGE
            }
            .disturbed()
        );
    }

    #[test]
    fn work_of_ours_is_the_clients() {
        let watched = Watched::default();
        let before = watched.look().unwrap();
        let start = Instant::now();
        let mut sum = 0_u64;
        while start.elapsed().as_millis() < 20 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let usage = watched.since(&before).unwrap();
        assert!(usage.client > 0.0 && usage.seconds >= 0.02, "{usage:?}");
        assert!(watched.look().is_ok());
        let missing = Watched {
            server: vec![u32::MAX],
            redis: Vec::new(),
        };
        assert!(missing.look().is_err());
    }
}
