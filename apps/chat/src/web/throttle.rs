//! How often somebody may try passwords of one user from one address.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Attempts in a [`WINDOW`]; the next has to wait until it is over.
const ATTEMPTS: u32 = 10;
/// It begins with the first attempt.
const WINDOW: Duration = Duration::from_secs(300);
/// Pairs of user and address that are remembered; one more forgets the oldest.
const CAPACITY: usize = 10_000;

/// The attempts of late. Costs nothing while nobody logs in.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    hasher: RandomState,
    attempts: Mutex<HashMap<u64, Attempts>>,
}

#[derive(Clone, Copy, Debug)]
struct Attempts {
    count: u32,
    since: Instant,
}

impl Throttle {
    /// Counts an attempt before it is made, so that many at once count, too. Or says how long to wait.
    pub(super) fn attempt(&self, address: &str, username: &str) -> Result<(), Duration> {
        let key = self.key(address, username);
        let now = Instant::now();
        let mut attempts = self.attempts.lock();
        if !attempts.contains_key(&key) && attempts.len() >= CAPACITY {
            attempts.retain(|_, attempts| now.duration_since(attempts.since) < WINDOW);
            if attempts.len() >= CAPACITY
                && let Some(oldest) = attempts.iter().min_by_key(|(_, attempts)| attempts.since)
            {
                let oldest = *oldest.0;
                attempts.remove(&oldest);
            }
        }
        let fresh = Attempts { count: 0, since: now };
        let of_key = attempts.entry(key).or_insert(fresh);
        let passed = now.duration_since(of_key.since);
        if passed >= WINDOW {
            *of_key = fresh;
        } else if of_key.count >= ATTEMPTS {
            return Err(WINDOW.saturating_sub(passed));
        }
        of_key.count += 1;
        Ok(())
    }

    /// The password was right: earlier attempts are forgiven.
    pub(super) fn forgive(&self, address: &str, username: &str) {
        self.attempts.lock().remove(&self.key(address, username));
    }

    fn key(&self, address: &str, username: &str) -> u64 {
        let name = laureola_django::auth::users::normalize(username).to_lowercase();
        self.hasher.hash_one((network(address), name))
    }
}

/// Whose address it is: everybody has a whole /64 of IPv6.
fn network(address: &str) -> String {
    match address.parse() {
        Ok(IpAddr::V6(address)) => format!("{:?}", &address.segments()[..4]),
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_eleventh_attempt_waits_for_the_window_to_end() {
        let throttle = Throttle::default();
        for _ in 0..ATTEMPTS {
            assert_eq!(throttle.attempt("192.0.2.1", "ada"), Ok(()));
        }
        let wait = throttle.attempt("192.0.2.1", "Ada").expect_err("ten are ten");
        assert_eq!(throttle.attempt("192.0.2.2", "ada"), Ok(()), "from elsewhere");
        assert_eq!(throttle.attempt("192.0.2.1", "bob"), Ok(()), "somebody else");
        tokio::time::advance(wait).await;
        assert_eq!(throttle.attempt("192.0.2.1", "ada"), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_right_password_forgives_and_a_neighbour_in_ipv6_is_the_same() {
        let throttle = Throttle::default();
        for n in 0..ATTEMPTS {
            assert_eq!(throttle.attempt(&format!("2001:db8::{n}"), "ada"), Ok(()));
        }
        assert!(throttle.attempt("2001:db8::ffff", "ada").is_err());
        throttle.forgive("2001:db8::1", "ada");
        assert_eq!(throttle.attempt("2001:db8::ffff", "ada"), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_table_is_bounded_and_forgets_the_oldest() {
        let throttle = Throttle::default();
        for n in 0..CAPACITY + 100 {
            assert_eq!(throttle.attempt("192.0.2.1", &n.to_string()), Ok(()));
        }
        assert_eq!(throttle.attempts.lock().len(), CAPACITY);
    }
}
