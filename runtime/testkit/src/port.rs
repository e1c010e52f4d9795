//! Free TCP ports.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Below the range from which Linux takes the ports of outgoing connections (32768 and up): a test that opens
/// thousands of sockets cannot take a port between our look at it and the server's `bind`.
const RANGE: Range<u32> = 15_000..32_000;

/// A random start keeps test processes that run side by side apart.
static NEXT: LazyLock<AtomicU32> =
    LazyLock::new(|| AtomicU32::new((RandomState::new().hash_one(std::process::id()) >> 32) as u32));

/// A TCP port of 127.0.0.1 that nobody listens on, and that this process never hands out twice in a row.
///
/// Another process may still take it before you bind it: start servers with a retry, as
/// [`RedisServer`](crate::RedisServer) does.
///
/// # Panics
/// If none of 1,000 candidates is free.
pub fn free_port() -> u16 {
    let free = |_| {
        let candidate = RANGE.start + NEXT.fetch_add(1, Ordering::Relaxed) % (RANGE.end - RANGE.start);
        let port = u16::try_from(candidate).expect("the range ends below 65536");
        TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .is_ok()
            .then_some(port)
    };
    (0..1_000)
        .find_map(free)
        .expect("no free port among 1,000 candidates on 127.0.0.1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skips_ports_that_are_taken_and_repeats_none() {
        let listeners: Vec<_> = (0..50)
            .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, free_port())).unwrap())
            .collect();
        let next = free_port();
        assert!(
            listeners
                .iter()
                .all(|listener| listener.local_addr().unwrap().port() != next)
        );
    }
}
