//! A group send: who the members are, and one message for each key they receive from.

use std::collections::HashMap;

use bytes::Bytes;
use futures_util::future::join_all;
use laureola_layers::{GroupName, LayerError};
use laureola_message::{Channels, Message};

use crate::core::clock::Score;
use crate::core::inner::Inner;
use crate::core::shard::{Shard, millis};

/// How many keys one call of the script serves at most, so that it does not hold Redis up.
const MAX_KEYS: usize = 128;
/// How many bytes of messages go into one call, unless a single one is longer.
const MAX_BYTES: usize = 4 << 20;

/// A key that is received from, by its non-local name, and the members that are received there.
type Key<'a> = (&'a str, Vec<&'a str>);

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
fn by_key(members: &[Bytes]) -> Vec<Key<'_>> {
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

/// Sends `message` to every member, once per key, whatever the number of channels behind it.
///
/// A small group that was sent to before takes one round trip, if its members are the same and
/// receive from the group's own server. Else one reads the members, and one more to each server
/// that holds keys of theirs serves them, up to 128 keys or 4 MiB at a time and all servers at
/// once. A server that is away keeps the others' members from nothing.
pub(crate) async fn send(inner: &Inner, group: &GroupName, message: &Message) -> Result<(), LayerError> {
    let home = inner.shard(group.as_str());
    if let Some(known) = home.known.get(group)
        && send_to(inner, home, group, &by_key(&known), message, Some(&known)).await?
    {
        return Ok(());
    }
    let members = members(home, group).await?;
    let keys = by_key(&members);
    let mut by_shard: Vec<Vec<Key<'_>>> = Vec::new();
    by_shard.resize_with(inner.shards.len(), Vec::new);
    for key in keys {
        by_shard[inner.shard(key.0).index].push(key);
    }
    let here = by_shard[home.index]
        .iter()
        .map(|(_, names)| names.len())
        .sum::<usize>();
    home.known
        .set(group, if here == members.len() { &members } else { &[] });
    let sends = inner
        .shards
        .iter()
        .zip(by_shard)
        .filter(|(_, keys)| !keys.is_empty())
        .map(async |(shard, keys)| send_to(inner, shard, group, &keys, message, None).await.map(drop));
    join_all(sends).await.into_iter().collect()
}

/// The part of one server. Returns whether the group has the members that were `guessed`; if not,
/// nothing was sent.
async fn send_to(
    inner: &Inner,
    shard: &Shard,
    group: &GroupName,
    keys: &[Key<'_>],
    message: &Message,
    guessed: Option<&[Bytes]>,
) -> Result<bool, LayerError> {
    let home = inner.shard(group.as_str());
    home.meet(group, keys.iter().map(|(non_local, _)| *non_local));
    let score = inner.clock.next();
    let mut rest = keys;
    while !rest.is_empty() {
        let mut invocation = inner.scripts.group_send.prepare_invoke();
        invocation
            .key(shard.keys.group(group))
            .arg(guessed.map(|members| members.join(&0)).unwrap_or_default())
            .arg(Score::now().before(shard.group_expiry))
            .arg(Score::now().before(inner.config.expiry))
            .arg(score)
            .arg(millis(inner.config.expiry));
        let (mut count, mut bytes) = (0, 0);
        for (non_local, names) in rest {
            let member = inner.codec.seal(message, Some(Channels::Many(names)))?;
            bytes += member.len();
            invocation
                .key(shard.keys.queue(non_local))
                .arg(inner.capacities.of(names[0]))
                .arg(&*member);
            count += 1;
            if count == MAX_KEYS || bytes >= MAX_BYTES {
                break;
            }
        }
        if guessed.is_some() && count < rest.len() {
            // Too long for one call, and a guess holds for one call only.
            return Ok(false);
        }
        let (sent, others) = rest.split_at(count);
        rest = others;
        let (full, last): (isize, usize) = shard.link.script("send to a group", &invocation).await?;
        let Ok(full) = usize::try_from(full) else {
            return Ok(false);
        };
        if full > 0 {
            let channel = sent.get(last - 1).map_or("", |(_, names)| names[0]);
            inner.local.complaints.over_capacity(group, channel, full);
        }
    }
    Ok(true)
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
