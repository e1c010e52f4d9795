//! Lists of channels that were read before.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;

use super::{EnvelopeError, read_channels};
use crate::msgpack::Cursor;
use crate::value::Str;

/// So many bytes of lists are known; one list is, whatever its length.
const MAX_BYTES: usize = 4 << 20;
/// So many lists that came once are remembered.
const SEEN: usize = 4 * KnownChannels::LISTS;

/// The long lists of channels that were read last, and more than once.
///
/// The messages of a busy group all name the same channels, a thousand perhaps. To read their names costs more than to
/// compare the bytes, and what was found out about them holds for the next message. A list that comes once is read, and
/// nothing is kept of it but that it came.
///
/// Holds a copy of each list, up to 32 and 4 MiB, those that came last.
#[derive(Debug, Default)]
pub struct KnownChannels {
    /// The one that came last is the first.
    lists: Vec<List>,
    bytes: usize,
    seen: VecDeque<u64>,
}

#[derive(Debug)]
struct List {
    /// As it was written.
    raw: Bytes,
    names: Arc<[Str]>,
}

impl KnownChannels {
    /// A list of fewer channels is read each time.
    pub const LONG: usize = 32;
    /// So many lists are known at most.
    pub const LISTS: usize = 32;

    /// The names at the cursor. Nobody else holds them if they are not known.
    pub(super) fn read(
        &mut self,
        bytes: &Bytes,
        cursor: &mut Cursor<'_>,
    ) -> Result<Arc<[Str]>, EnvelopeError> {
        if let Some(place) = self.lists.iter().position(|list| cursor.skip_known(&list.raw)) {
            self.lists[..=place].rotate_right(1);
            return Ok(Arc::clone(&self.lists[0].names));
        }
        let start = cursor.position();
        let names = read_channels(bytes, cursor)?;
        if names.len() < Self::LONG || self.is_new(&names) {
            return Ok(names.into());
        }
        // Names are parts of what they are read from, which here is the message as well.
        let raw = Bytes::copy_from_slice(&bytes[start..cursor.position()]);
        let names: Arc<[Str]> = read_channels(&raw, &mut Cursor::new(&raw))?.into();
        self.bytes += raw.len();
        let list = List {
            raw,
            names: Arc::clone(&names),
        };
        self.lists.insert(0, list);
        while self.lists.len() > Self::LISTS || self.bytes > MAX_BYTES && self.lists.len() > 1 {
            self.bytes -= self.lists.pop().map_or(0, |list| list.raw.len());
        }
        Ok(names)
    }

    /// Whether such a list did not come lately. A wrong answer costs a copy, or a reading.
    fn is_new(&mut self, names: &[Str]) -> bool {
        let mut hasher = DefaultHasher::new();
        (names.len(), names.first(), names.last()).hash(&mut hasher);
        let hash = hasher.finish();
        let is_new = !self.seen.contains(&hash);
        if is_new {
            self.seen.truncate(SEEN - 1);
            self.seen.push_front(hash);
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    const LONG: usize = super::KnownChannels::LONG;

    use super::super::{Channels, split_channels, split_known_channels, with_channels};
    use super::*;
    use crate::message::Message;

    fn envelope(text: &str, group: usize, members: usize) -> Bytes {
        let message = Message::new(&std::collections::BTreeMap::from([("text", text)])).unwrap();
        let names: Vec<String> = (0..members).map(|n| format!("specific.{group}!{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        with_channels(&message, Channels::Many(&names))
    }

    #[test]
    fn what_is_known_is_what_would_be_read() {
        let mut known = KnownChannels::default();
        for round in 0..4 {
            for group in 0..KnownChannels::LISTS + 2 {
                // Some begin as others do.
                for members in [1, LONG - 1, LONG, LONG + 1] {
                    let bytes = envelope(&round.to_string(), group % 3, members + group);
                    let (message, names) = split_known_channels(&bytes, &mut known).unwrap();
                    let (same, all) = split_channels(bytes).unwrap();
                    assert_eq!((message, &*names), (same, &*all));
                    assert!(known.lists.len() <= KnownChannels::LISTS);
                }
            }
        }
    }

    /// The names of an envelope to a group of the kind.
    fn names(known: &mut KnownChannels, text: &str, group: usize, members: usize) -> Arc<[Str]> {
        let (_, names) = split_known_channels(&envelope(text, group, members), known).unwrap();
        names
    }

    #[test]
    fn a_long_list_that_comes_again_is_read_no_more() {
        let mut known = KnownChannels::default();
        let once = names(&mut known, "a", 0, LONG);
        assert_eq!(Arc::strong_count(&once), 1, "nobody keeps what came once");
        let again = names(&mut known, "b", 0, LONG);
        assert!(Arc::ptr_eq(&again, &names(&mut known, "c", 0, LONG)));
        assert!(!Arc::ptr_eq(&again, &names(&mut known, "d", 0, LONG + 1)));
        assert!(
            Arc::ptr_eq(&again, &names(&mut known, "e", 0, LONG)),
            "it is still known"
        );
    }

    #[test]
    fn busy_groups_are_known_beside_each_other_and_those_that_rest_make_room() {
        let mut known = KnownChannels::default();
        let mut rounds = (0..4).map(|round| {
            let groups = 0..KnownChannels::LISTS;
            let names = groups.map(|group| names(&mut known, &round.to_string(), group, LONG));
            names.collect::<Vec<_>>()
        });
        let (_, second, third) = (rounds.next(), rounds.next().unwrap(), rounds.next().unwrap());
        assert!(
            second
                .iter()
                .zip(&third)
                .all(|(one, same)| Arc::ptr_eq(one, same))
        );
        drop(rounds);
        for text in ["a", "b"] {
            names(&mut known, text, KnownChannels::LISTS, LONG);
        }
        let is_known = |group: usize| {
            known
                .lists
                .iter()
                .any(|list| Arc::ptr_eq(&list.names, &third[group]))
        };
        assert!(!is_known(0) && is_known(1));
    }

    #[test]
    fn lists_are_known_up_to_so_many_bytes() {
        let mut known = KnownChannels::default();
        let long = MAX_BYTES / 30;
        for group in 0..4 {
            for text in ["a", "b"] {
                names(&mut known, text, group, long);
            }
            assert!(known.bytes <= MAX_BYTES);
            assert_eq!(
                known.bytes,
                known.lists.iter().map(|list| list.raw.len()).sum::<usize>()
            );
        }
        assert!((1..4).contains(&known.lists.len()));
        for text in ["a", "b"] {
            names(&mut known, text, 9, MAX_BYTES / 10);
        }
        assert_eq!(known.lists.len(), 1, "a list that is too long for more");
    }

    #[test]
    fn a_list_that_breaks_off_is_no_known_one() {
        let mut known = KnownChannels::default();
        let whole = envelope("a", 0, LONG);
        split_known_channels(&whole, &mut known).unwrap();
        let half = whole.slice(..whole.len() - 1);
        assert!(split_known_channels(&half, &mut known).is_err());
    }
}
