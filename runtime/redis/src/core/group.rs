//! A group send: who the members are, and one message for each key they receive from.
//!
//! - `lane`: sends to a group that wait for each other, and share what follows
//! - `members`: who they are, and where they receive
//! - `call`: what one server does

mod call;
pub(crate) mod lane;
mod members;

use std::slice;
use std::sync::Arc;

use futures_util::future::join_all;
use laureola_layers::{GroupName, LayerError};
use laureola_message::Message;

use self::call::{MAX_BYTES, send_to};
use self::lane::Turn;
use self::members::{Key, by_key, members};
use crate::core::codec::is_unwritable;
use crate::core::inner::Inner;
use crate::error::repeated;

/// Sends `message` to every member, once per key, whatever the number of channels behind it.
///
/// A small group that was sent to before takes one round trip, if its members are the same and
/// receive from the group's own server. Else one reads the members, and one more to each server
/// that holds keys of theirs serves them, up to 128 keys or 4 MiB at a time and all servers at
/// once. A server that is away keeps the others' members from nothing.
pub(crate) async fn send(inner: &Inner, group: &GroupName, message: &Message) -> Result<(), LayerError> {
    send_together(inner, group, slice::from_ref(message)).await.1
}

/// Sends for all who wait, as many together as there are.
pub(crate) async fn send_waiting(inner: Arc<Inner>, mut turn: Turn) {
    while let Some(waiting) = turn.next() {
        let (messages, mut senders): (Vec<_>, Vec<_>) =
            waiting.into_iter().map(|one| (one.message, one.sender)).unzip();
        let (sent, result) = send_together(&inner, turn.group(), &messages).await;
        let mut unsent = senders.split_off(sent);
        for sender in senders {
            // Nobody may wait for it any more, here and below.
            let _ = sender.send(Ok(()));
        }
        let Err(error) = result else { continue };
        if is_unwritable(&error) && unsent.len() > 1 {
            for (sender, message) in unsent.into_iter().zip(&messages[sent..]) {
                let _ = sender.send(send(&inner, turn.group(), message).await);
            }
            continue;
        }
        let last = unsent.pop();
        for sender in unsent {
            let _ = sender.send(Err(repeated(&error)));
        }
        if let Some(last) = last {
            let _ = last.send(Err(error));
        }
    }
}

/// [`send`] for several messages, in order. Says how many every server has for certain; what `Err` says is of the rest. If
/// it is that a message cannot be written, no server has one of the rest.
async fn send_together(
    inner: &Inner,
    group: &GroupName,
    messages: &[Message],
) -> (usize, Result<(), LayerError>) {
    let mut sent = 0;
    let result = send_parts(inner, group, messages, &mut sent).await;
    (sent, result)
}

async fn send_parts(
    inner: &Inner,
    group: &GroupName,
    messages: &[Message],
    sent: &mut usize,
) -> Result<(), LayerError> {
    let home = inner.shard(group.as_str());
    if let Some(known) = home.known.get(group)
        && send_to(inner, home, group, &by_key(&known), messages, Some(&known)).await?
    {
        *sent = messages.len();
        return Ok(());
    }
    let members = members(home, group).await?;
    let keys = by_key(&members);
    let at_once = at_once(messages, &keys);
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
    for messages in messages.chunks(at_once) {
        let sends = inner
            .shards
            .iter()
            .zip(&by_shard)
            .filter(|(_, keys)| !keys.is_empty())
            .map(async |(shard, keys)| send_to(inner, shard, group, keys, messages, None).await.map(drop));
        join_all(sends).await.into_iter().collect::<Result<(), _>>()?;
        *sent += messages.len();
    }
    Ok(())
}

/// How many of the messages can go to all keys without more bytes than a call takes; at least one.
fn at_once(messages: &[Message], keys: &[Key<'_>]) -> usize {
    let names: usize = keys
        .iter()
        .flat_map(|(_, names)| names)
        .map(|name| name.len() + 2)
        .sum();
    let longest = messages.iter().map(|message| message.msgpack().len()).max();
    let each = names + keys.len() * longest.unwrap_or_default();
    (MAX_BYTES / each.max(1)).max(1)
}
