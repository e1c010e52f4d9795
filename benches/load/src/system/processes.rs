//! Processes and their descendants.

use std::collections::HashMap;
use std::fs;

use rustix::param::clock_ticks_per_second;

/// What a tree of processes has used.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resources {
    /// User and system time of each process in seconds, with that of its children that have ended. The kernel
    /// counts in ticks: 10 ms, mostly.
    pub cpu: HashMap<u32, f64>,
    /// Resident memory in KiB.
    pub rss: u64,
    /// The same, shared pages counted in part; 0 where the kernel does not tell.
    pub pss: u64,
}

struct Process {
    parent: u32,
    cpu: f64,
}

/// What `roots` and all processes they started use, memory included. Costs a look at every process of the machine.
///
/// # Errors
/// Which of `roots` is not there.
pub fn resources(roots: &[u32], with_memory: bool) -> Result<Resources, String> {
    let mut sum = Resources::default();
    if roots.is_empty() {
        return Ok(sum);
    }
    let all = all();
    for root in roots {
        if !all.contains_key(root) {
            return Err(format!("there is no process {root}: has the server ended?"));
        }
    }
    for (pid, process) in &all {
        if !descends(*pid, roots, &all) {
            continue;
        }
        sum.cpu.insert(*pid, process.cpu);
        if with_memory {
            sum.rss += kib(&read(*pid, "status"), "VmRSS:");
            sum.pss += kib(&read(*pid, "smaps_rollup"), "Pss:");
        }
    }
    Ok(sum)
}

fn descends(pid: u32, roots: &[u32], all: &HashMap<u32, Process>) -> bool {
    let mut pid = pid;
    // A table read while processes come and go may have a loop.
    for _ in 0..64 {
        if roots.contains(&pid) {
            return true;
        }
        match all.get(&pid) {
            Some(process) => pid = process.parent,
            None => return false,
        }
    }
    false
}

fn all() -> HashMap<u32, Process> {
    let ticks = clock_ticks_per_second() as f64;
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, parse(&read(pid, "stat"), ticks)?)))
        .collect()
}

/// One line of `/proc/PID/stat`. The name, in parentheses, may hold anything.
fn parse(stat: &str, ticks: f64) -> Option<Process> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    // After the name: state, parent, …; utime, stime, cutime and cstime are fields 14 to 17, counted from 1.
    let used: f64 = fields
        .get(11..15)?
        .iter()
        .filter_map(|field| field.parse::<f64>().ok())
        .sum();
    Some(Process {
        parent: fields.get(1)?.parse().ok()?,
        cpu: used / ticks,
    })
}

fn read(pid: u32, file: &str) -> String {
    fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default()
}

fn kib(text: &str, key: &str) -> u64 {
    let value = text.lines().find_map(|line| line.strip_prefix(key));
    value
        .and_then(|value| value.trim().trim_end_matches("kB").trim().parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, id};

    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let stat = "42 (a) b) S 7 42 42 0 -1 0 1 2 3 4 150 50 30 20 20 0 4 0";
        let process = parse(stat, 100.0).unwrap();
        assert_eq!((process.parent, process.cpu), (7, 2.5));
    }

    #[test]
    fn children_count_with_their_parent() {
        let alone = resources(&[id()], true).unwrap();
        assert!(alone.rss > 100, "{alone:?}");
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let both = resources(&[id()], false);
        let own = resources(&[child.id()], false);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(both.unwrap().cpu.contains_key(&child.id()));
        assert_eq!(own.unwrap().cpu.len(), 1);
    }

    #[test]
    fn a_process_that_is_not_there_is_named() {
        let error = resources(&[u32::MAX], false).unwrap_err();
        assert!(error.contains("4294967295"), "{error}");
    }
}
