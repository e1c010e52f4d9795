//! The random bytes in front of every message.

use std::sync::atomic::{AtomicU64, Ordering};

/// Makes prefixes that never repeat within a process, and between processes as good as never.
///
/// All the bytes are for is to keep equal messages apart as members of one sorted set: nobody
/// reads them, and nothing depends on their being unpredictable. So the operating system's random
/// source is asked once, and what it gave is counted on from, which costs no system call per
/// message. Two processes meet only where their random starting points lie next to each other.
#[derive(Debug)]
pub(crate) struct RandomPrefix {
    start: Box<[u8]>,
    counter: AtomicU64,
}

impl RandomPrefix {
    pub(crate) fn new(length: usize) -> Self {
        let mut start = vec![0; length].into_boxed_slice();
        getrandom::fill(&mut start).expect("the operating system's random source never fails once it is up");
        Self {
            start,
            counter: AtomicU64::new(0),
        }
    }

    /// The next one.
    pub(crate) fn next(&self) -> Vec<u8> {
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        let mut bytes = self.start.to_vec();
        let mut carry = u128::from(count);
        for byte in bytes.iter_mut().rev() {
            carry += u128::from(*byte);
            *byte = carry as u8;
            carry >>= 8;
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn prefixes_differ() {
        for length in [2, 12, 20] {
            let source = RandomPrefix::new(length);
            let seen: HashSet<_> = (0..10_000).map(|_| source.next()).collect();
            assert_eq!(seen.len(), 10_000);
            assert!(seen.iter().all(|bytes| bytes.len() == length));
        }
        assert_ne!(RandomPrefix::new(12).next(), RandomPrefix::new(12).next());
    }

    #[test]
    fn no_prefix_is_a_choice() {
        assert!(RandomPrefix::new(0).next().is_empty());
    }
}
