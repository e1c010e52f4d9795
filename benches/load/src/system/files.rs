//! How many files this process and its children may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The poll, the timer, the output.
const SPARE: u64 = 32;

/// Raises the limit of open files, which children inherit, to `needed` and a few more if it is lower.
///
/// # Errors
/// What to do, where the limit cannot be raised so far.
pub fn allow_open_files(needed: usize) -> Result<(), String> {
    let limit = getrlimit(Resource::Nofile);
    let needed = needed as u64 + SPARE;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_already_needs_nothing() {
        assert_eq!(allow_open_files(3), Ok(()));
        let hard = getrlimit(Resource::Nofile).maximum;
        if let Some(hard) = hard {
            assert!(allow_open_files(usize::try_from(hard - SPARE).unwrap()).is_ok());
            assert!(allow_open_files(usize::try_from(hard).unwrap()).is_err());
        }
    }
}
