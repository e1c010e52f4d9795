//! What a process holds.

use std::fs;
use std::thread;
use std::time::Duration;

use laureola_testkit::rss_bytes;

/// How long apart two looks are, and how many have to agree.
const PAUSE: Duration = Duration::from_millis(250);
const AGREEING: usize = 4;
const MAX_LOOKS: usize = 60;

/// The memory of a process.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Resident, in bytes.
    pub rss: u64,
    /// The same, shared pages counted in part; 0 where the kernel does not tell.
    pub pss: u64,
}

impl Memory {
    /// What the process `pid` holds now.
    ///
    /// # Panics
    /// If there is no such process.
    #[must_use]
    pub fn now(pid: u32) -> Self {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        Self {
            rss: rss_bytes(pid),
            pss: kib(&rollup, "Pss:").unwrap_or_default() * 1024,
        }
    }

    /// What it holds once a second has gone by without a change of more than 0.2 %; at the latest
    /// after 15 seconds.
    ///
    /// # Panics
    /// If there is no such process.
    #[must_use]
    pub fn settled(pid: u32) -> Self {
        let (mut last, mut agreed) = (Self::now(pid), 0);
        for _ in 0..MAX_LOOKS {
            thread::sleep(PAUSE);
            let now = Self::now(pid);
            let same = now.rss.abs_diff(last.rss) <= last.rss / 500;
            agreed = if same { agreed + 1 } else { 0 };
            last = now;
            if agreed == AGREEING {
                break;
            }
        }
        last
    }
}

fn kib(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_understood() {
        let rollup = "Rss:                4712 kB\nPss:                2101 kB\nPss_Dirty:  3 kB\n";
        assert_eq!(kib(rollup, "Pss:"), Some(2101));
        assert_eq!(kib("", "Pss:"), None);
    }

    #[test]
    fn this_process_holds_something() {
        let memory = Memory::now(std::process::id());
        assert!(memory.rss > 1 << 20);
        assert!(memory.pss <= memory.rss + (1 << 20));
    }
}
