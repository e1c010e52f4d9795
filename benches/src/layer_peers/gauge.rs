//! CPU time of a process; what Redis itself says it spent.

use std::fs;

use laureola_testkit::RedisServer;

/// The kernel's unit in `/proc/<pid>/stat`, `USER_HZ`: the same on every x86 and Arm Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// User and system time of all threads of the process `pid`, in seconds, to 10 ms.
///
/// # Errors
/// If there is no such process.
pub fn cpu_seconds(pid: u32) -> Result<f64, String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))
        .map_err(|error| format!("process {pid} has no CPU time: {error}"))?;
    ticks(&stat)
        .map(|ticks| ticks as f64 / TICKS_PER_SECOND)
        .ok_or_else(|| format!("/proc/{pid}/stat is not understood: {stat}"))
}

fn ticks(stat: &str) -> Option<u64> {
    // The name before the last parenthesis may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let user: u64 = fields.nth(11)?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// What Redis says it spent since it started, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct RedisTime {
    /// CPU time of the process.
    pub cpu: f64,
    /// How long scripts took by the clock, interruptions included.
    pub scripts: f64,
}

impl RedisTime {
    /// Until now.
    ///
    /// # Panics
    /// If Redis does not answer.
    #[must_use]
    pub fn now(redis: &RedisServer) -> Self {
        let info = |section: &str| redis.command(&["INFO", section]).text().to_owned();
        // In this order the figure of the CPU, the last thing read, holds little of the reading.
        let (commands, cpu) = (info("commandstats"), info("cpu"));
        let seconds = |key| number(&cpu, key, ":").unwrap_or_default();
        Self {
            cpu: 1e6 * (seconds("used_cpu_user") + seconds("used_cpu_sys")),
            scripts: number(&commands, "cmdstat_evalsha", "usec=").unwrap_or_default(),
        }
    }

    /// What it spent since `earlier`, for each of `messages`.
    #[must_use]
    pub fn since(self, earlier: Self, messages: u64) -> Self {
        let messages = messages.max(1) as f64;
        Self {
            cpu: (self.cpu - earlier.cpu) / messages,
            scripts: (self.scripts - earlier.scripts) / messages,
        }
    }
}

/// The number behind `mark` in the line of `key`.
fn number(info: &str, key: &str, mark: &str) -> Option<f64> {
    let line = info
        .lines()
        .find(|line| line.split_once(':').is_some_and(|(name, _)| name == key))?;
    let rest = line.split_once(mark)?.1;
    rest.split(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_and_redis_lines_are_understood() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 250 31 0 0 20 0 1 0 9 10 11";
        assert_eq!(ticks(stat), Some(281));
        assert!(cpu_seconds(std::process::id()).is_ok());
        let info = "used_cpu_user_children:9\r\nused_cpu_user:1.25\r\ncmdstat_evalsha:calls=2,usec=70,usec_per_call=35\r\n";
        assert_eq!(number(info, "used_cpu_user", ":"), Some(1.25));
        assert_eq!(number(info, "cmdstat_evalsha", "usec="), Some(70.0));
        assert_eq!(number(info, "cmdstat_eval", "usec="), None);
    }
}
