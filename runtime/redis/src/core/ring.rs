//! Which of several servers holds a name.

/// The hash of channels_redis: `int((crc32(name) & 0xFFF) / (4096 / servers))`, in the floats of
/// Python. It has nothing of a consistent hash but the name: another number of servers moves
/// nearly everything.
pub(crate) fn position(name: &str, servers: usize) -> usize {
    if servers < 2 {
        return 0;
    }
    let slot = f64::from(crc32(name.as_bytes()) & 0xFFF);
    (slot / (4096.0 / servers as f64)) as usize
}

/// CRC-32 as zlib has it. Names are short, so a table of 1 KiB is fast enough.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        TABLE[((crc ^ u32::from(*byte)) & 0xFF) as usize] ^ (crc >> 8)
    })
}

static TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let (mut crc, mut bit) = (index as u32, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 {
                0xEDB8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crc32_is_that_of_zlib() {
        assert_eq!(crc32(b""), 0);
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    /// What `channels_redis.utils._consistent_hash` of 4.3.0 answers.
    #[test]
    fn positions_are_those_of_channels_redis() {
        for (name, positions) in EXPECTED {
            let ours = [1, 2, 3, 7, 4096].map(|servers| position(name, servers));
            assert_eq!(ours, positions, "{name}");
        }
    }

    #[test]
    fn every_slot_has_a_server() {
        for servers in 1..200 {
            let last = (4095.0 / (4096.0 / servers as f64)) as usize;
            assert!(last < servers);
        }
    }

    const EXPECTED: [(&str, [usize; 5]); 5] = [
        ("room", [0, 0, 0, 0, 411]),
        ("chat_lobby", [0, 1, 1, 3, 2156]),
        ("thumbnails", [0, 1, 2, 6, 3936]),
        ("specific.0123456789abcdef0123456789abcdef!", [0, 0, 1, 2, 1393]),
        ("a", [0, 1, 2, 6, 3651]),
    ];
}
