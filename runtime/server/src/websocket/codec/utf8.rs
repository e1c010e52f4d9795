//! UTF-8 that comes in pieces (RFC 6455 §8.1).

use super::Violation;

/// Checks text piece by piece, and refuses the first byte that no text can have at its place.
#[derive(Debug, Default)]
pub(super) struct Utf8 {
    /// The first bytes of a character whose others are still to come.
    begun: [u8; 4],
    count: usize,
}

impl Utf8 {
    /// The text's next bytes.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) -> Result<(), Violation> {
        while self.count > 0 {
            let Some((first, rest)) = bytes.split_first() else {
                return Ok(());
            };
            self.begun[self.count] = *first;
            self.count += 1;
            bytes = rest;
            if rest_of(&self.begun[..self.count])?.is_empty() {
                self.count = 0;
            }
        }
        let rest = rest_of(bytes)?;
        self.begun[..rest.len()].copy_from_slice(rest);
        self.count = rest.len();
        Ok(())
    }

    /// Whether the text may end here.
    pub(super) const fn is_whole(&self) -> bool {
        self.count == 0
    }
}

/// The bytes of the last character where it is not whole: at most three.
fn rest_of(bytes: &[u8]) -> Result<&[u8], Violation> {
    match std::str::from_utf8(bytes) {
        Ok(_) => Ok(&[]),
        Err(error) if error.error_len().is_some() => Err(Violation::NotUtf8),
        Err(error) => Ok(&bytes[error.valid_up_to()..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn byte_by_byte(bytes: &[u8]) -> Result<bool, usize> {
        let mut utf8 = Utf8::default();
        for (at, byte) in bytes.iter().enumerate() {
            utf8.feed(&[*byte]).map_err(|_| at)?;
        }
        Ok(utf8.is_whole())
    }

    #[test]
    fn text_is_the_same_wherever_it_is_cut() {
        let text = "aé€𝄞\u{10ffff}\u{0}z".as_bytes();
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let mut utf8 = Utf8::default();
                for piece in [&text[..first], &text[first..second], &text[second..]] {
                    utf8.feed(piece).unwrap();
                }
                assert!(utf8.is_whole());
            }
        }
    }

    #[test]
    fn the_first_impossible_byte_is_refused() {
        for (bytes, at) in [
            (&b"\xff"[..], 0),
            (b"ab\x80", 2),
            (b"\xc0\xaf", 0),
            (b"\xc3(", 1),
            (b"\xe0\x80\xaf", 1),
            (b"\xed\xa0\x80", 1),
            (b"\xe2\x82z", 2),
            (b"\xf0\x80\x80\x80", 1),
            (b"\xf4\x90\x80\x80", 1),
            (b"\xf8\x88\x80\x80\x80", 0),
        ] {
            assert_eq!(byte_by_byte(bytes), Err(at), "{bytes:x?}");
            assert!(Utf8::default().feed(bytes).is_err());
        }
        assert_eq!(byte_by_byte(b"\xf0\x9d\x84"), Ok(false));
    }
}
