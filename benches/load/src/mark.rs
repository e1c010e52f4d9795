//! The mark in each payload: whose message it is, which one, and when it was due.
//!
//! `LrL~`, then four numbers of eight letters each (`a` = 0 … `p` = 15): room, sender, number, time. Letters go
//! through JSON, HTML escapes and any text protocol as they are, and eight are read at once. The last byte of the
//! payload is a `Z`, so that one that was cut is noticed.

/// What every mark starts with.
const START: &[u8; 4] = b"LrL~";
/// The length of a mark.
const LENGTH: usize = 4 + 4 * 8;
/// The shortest payload: a mark and the `Z`.
pub const SHORTEST: usize = LENGTH + 1;

/// What a payload says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The room it was sent to.
    pub room: u32,
    /// The sender within the room.
    pub sender: u32,
    /// The sender's message, counted from 0.
    pub number: u32,
    /// When it was due, in microseconds since the run's start.
    pub due: u32,
}

impl Mark {
    /// A payload of `length` bytes with this mark; one of [`SHORTEST`] if that is longer.
    #[must_use]
    pub fn payload(self, length: usize) -> Vec<u8> {
        let mut payload = Vec::with_capacity(length.max(SHORTEST));
        payload.extend_from_slice(START);
        payload.resize(LENGTH, b'a');
        payload.resize(length.max(SHORTEST) - 1, b'x');
        payload.push(b'Z');
        self.write(&mut payload);
        payload
    }

    /// Writes this mark over the one at the start of `payload`, which [`Mark::payload`] made.
    pub fn write(self, payload: &mut [u8]) {
        let numbers = [self.room, self.sender, self.number, self.due];
        for (letters, number) in payload[4..LENGTH].chunks_exact_mut(8).zip(numbers) {
            letters.copy_from_slice(&letters_of(number));
        }
    }
}

/// Finds marks. It remembers where the last one was: a server puts the payload into the same text each time.
#[derive(Clone, Debug)]
pub struct Finder {
    length: usize,
    last: usize,
}

impl Finder {
    /// For payloads of `length` bytes.
    #[must_use]
    pub fn new(length: usize) -> Self {
        Self {
            length: length.max(SHORTEST),
            last: 0,
        }
    }

    /// The mark in `text`; `None` if there is none, or not all of its payload.
    #[inline]
    pub fn find(&mut self, text: &[u8]) -> Option<Mark> {
        if text.get(self.last..self.last + 4) != Some(START) {
            self.last = memchr::memmem::find(text, START)?;
        }
        let payload = text.get(self.last..self.last + self.length)?;
        if payload[self.length - 1] != b'Z' {
            return None;
        }
        Some(Mark {
            room: number_of(&payload[4..12])?,
            sender: number_of(&payload[12..20])?,
            number: number_of(&payload[20..28])?,
            due: number_of(&payload[28..36])?,
        })
    }
}

fn letters_of(number: u32) -> [u8; 8] {
    let mut letters = [0; 8];
    for (at, letter) in letters.iter_mut().enumerate() {
        *letter = b'a' + ((number >> (28 - 4 * at)) & 15) as u8;
    }
    letters
}

/// Eight letters at once: each byte less `a` is a nibble, and three steps join them.
#[inline]
fn number_of(letters: &[u8]) -> Option<u32> {
    let nibbles = u64::from_be_bytes(letters.try_into().ok()?).wrapping_sub(0x6161_6161_6161_6161);
    if nibbles & 0xf0f0_f0f0_f0f0_f0f0 != 0 {
        return None;
    }
    let bytes = (nibbles | (nibbles >> 4)) & 0x00ff_00ff_00ff_00ff;
    let words = (bytes | (bytes >> 8)) & 0x0000_ffff_0000_ffff;
    Some((words | (words >> 16)) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: Mark = Mark {
        room: 7,
        sender: 0,
        number: 0x0123_4567,
        due: u32::MAX,
    };

    #[test]
    fn a_mark_is_found_wherever_the_server_puts_it() {
        let payload = String::from_utf8(MARK.payload(64)).unwrap();
        assert_eq!(payload.len(), 64);
        let mut finder = Finder::new(64);
        for text in [
            payload.clone(),
            format!("{{\"message\": \"{payload}\"}}"),
            format!("{{\"user\":\"bob\",\"message\":\"{payload}\",\"n\":1}}"),
        ] {
            assert_eq!(finder.find(text.as_bytes()), Some(MARK), "{text}");
        }
    }

    #[test]
    fn a_payload_that_was_cut_or_changed_has_none() {
        let payload = MARK.payload(64);
        let mut finder = Finder::new(64);
        assert_eq!(finder.find(&payload[..63]), None);
        assert_eq!(finder.find(b"hello"), None);
        for at in 4..36 {
            let mut changed = payload.clone();
            changed[at] = b'A';
            assert_eq!(finder.find(&changed), None, "{at}");
        }
        let mut short = payload.clone();
        short[63] = b'x';
        assert_eq!(finder.find(&short), None);
    }

    #[test]
    fn a_short_payload_is_as_long_as_its_mark() {
        assert_eq!(MARK.payload(0).len(), SHORTEST);
        assert_eq!(Finder::new(0).find(&MARK.payload(0)), Some(MARK));
    }
}
