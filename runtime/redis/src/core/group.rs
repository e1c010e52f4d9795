//! A group send: who the members are, and one message for each key they receive from.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use laureola_layers::{GroupName, LayerError};
use laureola_message::{Channels, Message};

use crate::core::clock::Score;
use crate::core::layer::Inner;
use crate::core::shard::{Shard, millis};

/// How many keys one call of the script serves at most, so that it does not hold Redis up.
const MAX_KEYS: usize = 128;
/// How many bytes of messages go into one call, unless a single one is longer.
const MAX_BYTES: usize = 4 << 20;

/// The members of a group that are not older than `group_expiry`, in the order they joined.
async fn members(shard: &Shard, group: &GroupName) -> Result<Vec<Bytes>, LayerError> {
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
fn by_key(members: &[Bytes]) -> Vec<(&str, Vec<&str>)> {
    let mut keys: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut positions = HashMap::new();
    for member in members {
        let Ok(name) = std::str::from_utf8(member) else {
            continue;
        };
        let non_local = name.find('!').map_or(name, |at| &name[..=at]);
        let position = *positions.entry(non_local).or_insert_with(|| {
            keys.push((non_local, Vec::new()));
            keys.len() - 1
        });
        keys[position].1.push(name);
    }
    keys
}

/// Sends `message` to every member. One round trip reads the members, one more serves them all,
/// up to 128 keys or 4 MiB at a time; the message goes out once per key, whatever the number of
/// channels behind it.
pub(crate) async fn send(inner: &Arc<Inner>, group: &GroupName, message: &Message) -> Result<(), LayerError> {
    let shard = inner.shard(group.as_str());
    let members = members(shard, group).await?;
    let keys = by_key(&members);
    let score = inner.clock.next();
    let (mut rest, mut full) = (keys.as_slice(), 0);
    while !rest.is_empty() {
        let mut invocation = inner.scripts.group_send.prepare_invoke();
        invocation
            .arg(score.before(inner.config.expiry))
            .arg(score)
            .arg(millis(inner.config.expiry));
        let (mut count, mut bytes) = (0, 0);
        for (non_local, names) in rest {
            let member = inner.codec.seal(message, Some(Channels::Many(names)));
            bytes += member.len();
            invocation
                .key(shard.keys.queue(non_local))
                .arg(inner.config.capacity)
                .arg(&*member);
            count += 1;
            if count == MAX_KEYS || bytes >= MAX_BYTES {
                break;
            }
        }
        rest = &rest[count..];
        full += shard.link.script::<usize>("send to a group", &invocation).await?;
    }
    if let Some(channels) = inner.over_capacity.note(full) {
        tracing::warn!(%group, channels, "group message dropped by channels over capacity");
    }
    Ok(())
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
