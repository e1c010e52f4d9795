//! Which of several servers a Redis channel belongs to.

/// The index of the server, out of `servers`, for a name: CRC-32 as `channels_redis` uses it.
pub(crate) fn place(name: &str, servers: usize) -> usize {
    if servers <= 1 {
        return 0;
    }
    let point = crc32(name.as_bytes()) & 0xFFF;
    // In floating point, as the reference computes it, so that both round alike.
    let width = 4096.0 / servers as f64;
    ((f64::from(point) / width) as usize).min(servers - 1)
}

/// The CRC-32 of zlib, a bit at a time: names are short.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let low = crc & 1;
            crc = (crc >> 1) ^ (0xEDB8_8320 & low.wrapping_neg());
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_channels_redis() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        // From channels_redis.utils._consistent_hash.
        let names = ["asgi__group__room", "jobs", "asgispecific.0123", ""];
        let of = |servers| names.map(|name| place(name, servers));
        assert_eq!(of(1), [0, 0, 0, 0]);
        assert_eq!(of(2), [1, 1, 1, 0]);
        assert_eq!(of(3), [2, 2, 2, 0]);
        assert_eq!(of(7), [5, 6, 5, 0]);
    }
}
