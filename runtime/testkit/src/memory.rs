//! How much memory a process holds.

/// Resident memory of the process `pid`, in bytes (`VmRSS` of `/proc/<pid>/status`).
///
/// # Panics
/// If there is no such process.
pub fn rss_bytes(pid: u32) -> u64 {
    let path = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {path}: {error}"));
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .and_then(|number| number.trim().parse::<u64>().ok());
    kib.unwrap_or_else(|| panic!("{path} names no VmRSS: the process has ended")) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_with_memory_that_is_written() {
        let before = rss_bytes(std::process::id());
        let block = vec![1_u8; 32 << 20];
        assert!(rss_bytes(std::process::id()) >= before + (24 << 20));
        assert_eq!(block[block.len() - 1], 1);
    }
}
