//! A client's masking key (RFC 6455 §5.3).

/// A masking key, turned to the next byte's place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key([u8; 4]);

impl Key {
    pub(super) const fn new(key: [u8; 4]) -> Self {
        Self(key)
    }

    /// Unmasks a frame's next bytes, and turns the key behind them.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        let [a, b, c, d] = self.0;
        let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let turn = bytes.len() % 4;
        // Words of eight bytes, which the compiler joins to the machine's widest.
        let (words, rest) = bytes.as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(self.0.iter().cycle()) {
            *byte ^= key;
        }
        self.0.rotate_left(turn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_unmasked_as_the_whole() {
        let key = [0x37, 0xfa, 0x21, 0x3d];
        let plain: Vec<u8> = (0..100).collect();
        let masked: Vec<u8> = plain.iter().zip(key.iter().cycle()).map(|(a, b)| a ^ b).collect();
        for first in 0..=plain.len() {
            for second in [0, 1, 3, 8, 13] {
                let mut bytes = masked.clone();
                let mut key = Key::new(key);
                let (head, tail) = bytes.split_at_mut(first);
                let (middle, tail) = tail.split_at_mut(second.min(tail.len()));
                key.apply(head);
                key.apply(middle);
                key.apply(tail);
                assert_eq!(bytes, plain, "{first}, {second}");
            }
        }
    }
}
