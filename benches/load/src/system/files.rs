//! How many files this process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit of open files to `needed` if it is lower.
///
/// # Errors
/// What to do, where the limit cannot be raised so far.
pub fn allow_open_files(needed: usize) -> Result<(), String> {
    let limit = getrlimit(Resource::Nofile);
    // The poll, the timer, the output.
    let needed = needed as u64 + 32;
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    let raised = Rlimit {
        current: Some(needed),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).map_err(|error| {
        format!("{needed} open files are needed, and the limit cannot be raised so far: {error}; `ulimit -Hn {needed}` does it as root")
    })
}
