//! A group send: who the members are, and one message for each key they receive from.

mod call;
mod members;

use futures_util::future::join_all;
use laureola_layers::{GroupName, LayerError};
use laureola_message::Message;

use self::call::send_to;
use self::members::{Key, by_key, members};
use crate::core::inner::Inner;

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
