//! The mailboxes behind long lists of channels that come again and again.

use std::sync::Arc;

use laureola_layers::directory::{Directory, Resolved};
use laureola_message::{KnownChannels, Str};
use parking_lot::Mutex;

/// What was looked up for the lists of busy groups, the one that came last first.
#[derive(Debug, Default)]
pub(crate) struct Lookups(Mutex<Vec<Lookup>>);

#[derive(Debug)]
struct Lookup {
    channels: Arc<[Str]>,
    /// [`Directory::changes`] when the list came last.
    changes: u64,
    /// Looked up when it came a second time, and the directory was the same.
    resolved: Option<Arc<Resolved>>,
}

impl Lookups {
    /// The mailboxes of a list that came before, if the directory has not changed since. While connections come and
    /// go it does all the time: then looking up each name once costs less than this.
    pub(crate) fn of(&self, directory: &Directory, channels: &Arc<[Str]>) -> Option<Arc<Resolved>> {
        if Arc::strong_count(channels) == 1 {
            // No reader knows it, so it does not come again: see [`KnownChannels`].
            return None;
        }
        let changes = directory.changes();
        let mut lookups = self.0.lock();
        let place = lookups
            .iter()
            .position(|lookup| Arc::ptr_eq(&lookup.channels, channels));
        if let Some(place) = place {
            lookups[..=place].rotate_right(1);
        } else {
            lookups.truncate(KnownChannels::LISTS - 1);
            let lookup = Lookup {
                channels: Arc::clone(channels),
                // None that it has had.
                changes: changes.wrapping_sub(1),
                resolved: None,
            };
            lookups.insert(0, lookup);
        }
        let lookup = lookups.first_mut()?;
        if lookup.changes != changes {
            (lookup.changes, lookup.resolved) = (changes, None);
            return None;
        }
        let resolved = lookup
            .resolved
            .get_or_insert_with(|| Arc::new(directory.resolve(channels)));
        Some(Arc::clone(resolved))
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use laureola_layers::{ChannelName, mailbox};

    use super::*;

    #[test]
    fn what_comes_again_is_looked_up_until_the_directory_changes() {
        let (directory, lookups) = (Directory::new(), Lookups::default());
        let name = ChannelName::process_specific("specific", "0123").expect("a name");
        directory.insert_new(&name, mailbox(1).0);
        let once: Arc<[Str]> = Arc::from([Str::from(name.as_str())]);
        assert!(lookups.of(&directory, &once).is_none());
        assert!(lookups.0.lock().is_empty(), "nobody knows it");

        let known = Arc::clone(&once);
        let look = || lookups.of(&directory, &known);
        assert!(look().is_none(), "it may not come again");
        let resolved = look().expect("it did");
        assert!(Arc::ptr_eq(&resolved, &look().expect("and again")));
        directory.remove(&name);
        assert!(look().is_none());
        assert!(!Arc::ptr_eq(&resolved, &look().expect("nothing changed since")));
        for _ in 0..=KnownChannels::LISTS {
            let other: Arc<[Str]> = Arc::from([Str::from("specific.0123!other")]);
            let _known = Arc::clone(&other);
            lookups.of(&directory, &other);
        }
        assert_eq!(lookups.0.lock().len(), KnownChannels::LISTS);
        assert!(lookups.of(&directory, &known).is_none(), "others came since");
    }
}
