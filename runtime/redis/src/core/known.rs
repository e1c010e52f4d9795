//! Who the members of small groups were when this process last sent to them.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use laureola_layers::GroupName;
use parking_lot::Mutex;

/// Larger groups are read anew each time: beside their members the second round trip is little.
const MAX_MEMBERS: usize = 32;
/// So many groups are kept; one more, and all are forgotten.
const MAX_GROUPS: usize = 1_024;

/// A guess, which the script of a group send checks: right, it saves the round trip that reads the
/// members; wrong, nothing was sent, and they are read after all.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<HashMap<GroupName, Arc<[Bytes]>>>);

impl Known {
    pub(crate) fn get(&self, group: &GroupName) -> Option<Arc<[Bytes]>> {
        self.0.lock().get(group).cloned()
    }

    pub(crate) fn set(&self, group: &GroupName, members: &[Bytes]) {
        let mut groups = self.0.lock();
        if members.is_empty() || members.len() > MAX_MEMBERS {
            groups.remove(group);
            return;
        }
        if groups.len() >= MAX_GROUPS && !groups.contains_key(group) {
            groups.clear();
        }
        groups.insert(group.clone(), members.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(number: usize) -> GroupName {
        GroupName::new(format!("room{number}")).expect("a name")
    }

    #[test]
    fn only_small_groups_are_known_and_only_so_many() {
        let known = Known::default();
        let member = Bytes::from_static(b"specific.a!b");
        known.set(&group(0), std::slice::from_ref(&member));
        assert_eq!(known.get(&group(0)).expect("known").len(), 1);
        known.set(&group(0), &vec![member.clone(); MAX_MEMBERS + 1]);
        assert!(known.get(&group(0)).is_none());
        for number in 0..=MAX_GROUPS {
            known.set(&group(number), std::slice::from_ref(&member));
        }
        assert_eq!(known.0.lock().len(), 1);
        known.set(&group(MAX_GROUPS), &[]);
        assert!(known.0.lock().is_empty());
    }
}
