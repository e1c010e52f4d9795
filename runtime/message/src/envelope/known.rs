//! Lists of channels that were read before.

use std::sync::Arc;

use bytes::Bytes;

use super::{EnvelopeError, read_channels};
use crate::msgpack::Cursor;
use crate::value::Str;

/// So many lists are known.
const LISTS: usize = 4;

/// The long lists of channels that were read last.
///
/// The messages of a busy group all name the same channels, a thousand perhaps. To read their names costs more than to
/// compare the bytes, and what was found out about them holds for the next message.
///
/// Holds a copy of each list, of four at most.
#[derive(Debug, Default)]
pub struct KnownChannels {
    lists: Vec<List>,
    /// Which one the next new list takes the place of.
    oldest: usize,
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

    /// The names at the cursor.
    pub(super) fn read(
        &mut self,
        bytes: &Bytes,
        cursor: &mut Cursor<'_>,
    ) -> Result<Arc<[Str]>, EnvelopeError> {
        for List { raw, names } in &self.lists {
            if cursor.skip_known(raw) {
                return Ok(Arc::clone(names));
            }
        }
        let start = cursor.position();
        let names = read_channels(bytes, cursor)?;
        if names.len() < Self::LONG {
            return Ok(names.into());
        }
        // Names are parts of what they are read from, which here is the message as well.
        let raw = Bytes::copy_from_slice(&bytes[start..cursor.position()]);
        let names: Arc<[Str]> = read_channels(&raw, &mut Cursor::new(&raw))?.into();
        let list = List {
            raw,
            names: Arc::clone(&names),
        };
        if self.lists.len() < LISTS {
            self.lists.push(list);
        } else {
            self.lists[self.oldest] = list;
            self.oldest = (self.oldest + 1) % LISTS;
        }
        Ok(names)
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
        for round in 0..3 {
            for group in 0..LISTS + 2 {
                // Some begin as others do.
                for members in [1, LONG - 1, LONG, LONG + 1] {
                    let bytes = envelope(&round.to_string(), group % 3, members + group);
                    let (message, names) = split_known_channels(&bytes, &mut known).unwrap();
                    let (same, all) = split_channels(bytes).unwrap();
                    assert_eq!((message, &*names), (same, &*all));
                    assert!(known.lists.len() <= LISTS);
                }
            }
        }
    }

    #[test]
    fn a_long_list_is_read_once() {
        let mut known = KnownChannels::default();
        let mut names = |text, members| {
            let (_, names) = split_known_channels(&envelope(text, 0, members), &mut known).unwrap();
            names
        };
        let first = names("a", LONG);
        assert!(Arc::ptr_eq(&first, &names("b", LONG)));
        assert!(!Arc::ptr_eq(&first, &names("c", LONG + 1)));
        assert!(Arc::ptr_eq(&first, &names("d", LONG)), "it is still known");
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
