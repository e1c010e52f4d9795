//! Waiting by condition instead of by time.

use std::thread;
use std::time::{Duration, Instant};

/// Pause between two looks at the condition.
const PAUSE: Duration = Duration::from_millis(5);

/// Blocks until `condition` holds.
///
/// # Panics
/// If it still does not hold after `deadline`; the message names `what` was waited for.
#[track_caller]
pub fn wait_until(what: &str, deadline: Duration, mut condition: impl FnMut() -> bool) {
    if !holds_within(deadline, &mut condition) {
        panic!("waited {deadline:?} in vain for: {what}");
    }
}

/// Like [`wait_until`], for callers that have more to say when it fails.
pub(crate) fn holds_within(deadline: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + deadline;
    loop {
        if condition() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_until_the_condition_holds() {
        let mut looks = 0;
        wait_until("the third look", Duration::from_secs(10), || {
            looks += 1;
            looks == 3
        });
        assert_eq!(looks, 3);
    }

    #[test]
    #[should_panic(expected = "in vain for: a miracle")]
    fn names_what_did_not_happen() {
        wait_until("a miracle", Duration::from_millis(10), || false);
    }
}
