//! Who the members of a group are, and where they receive.

use std::collections::HashMap;

use bytes::Bytes;
use laureola_layers::{GroupName, LayerError};

use crate::core::clock::Score;
use crate::core::shard::Shard;

/// A key that is received from, by its non-local name, and the members that are received there.
pub(super) type Key<'a> = (&'a str, Vec<&'a str>);

/// The members of a group that are not older than `group_expiry`, in the order they joined.
pub(super) async fn members(shard: &Shard, group: &GroupName) -> Result<Vec<Bytes>, LayerError> {
    let key = shard.keys.group(group);
    let mut pipeline = redis::pipe();
    pipeline
        .zrembyscore(&key, 0, Score::now().before(shard.group_expiry))
        .ignore();
    pipeline.zrange(&key, 0, -1);
    let (members,): (Vec<Bytes>,) = shard.link.pipe("read a group", &pipeline).await?;
    Ok(members)
}

/// The members by the non-local name of their key, both in the order of joining. What is no text
/// is no channel and is left out.
pub(super) fn by_key(members: &[Bytes]) -> Vec<Key<'_>> {
    let mut keys: Vec<Key<'_>> = Vec::new();
    let mut positions = HashMap::new();
    for member in members {
        let Ok(name) = std::str::from_utf8(member) else {
            continue;
        };
        let non_local = name.find('!').map_or(name, |at| &name[..=at]);
        // Most often it is the last one's once more.
        if let Some((last, names)) = keys.last_mut()
            && *last == non_local
        {
            names.push(name);
            continue;
        }
        let position = *positions.entry(non_local).or_insert_with(|| {
            keys.push((non_local, Vec::new()));
            keys.len() - 1
        });
        keys[position].1.push(name);
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_one_process_share_a_key() {
        let members = ["specific.a!1", "thumbnails", "specific.b!1", "specific.a!2"].map(Bytes::from);
        assert_eq!(
            by_key(&members),
            [
                ("specific.a!", vec!["specific.a!1", "specific.a!2"]),
                ("thumbnails", vec!["thumbnails"]),
                ("specific.b!", vec!["specific.b!1"]),
            ]
        );
        assert!(by_key(&[Bytes::from_static(b"\xff")]).is_empty());
    }
}
