//! What one server does for a group send.

use bytes::Bytes;
use laureola_layers::{GroupName, LayerError};
use laureola_message::{Channels, Message};

use super::members::Key;
use crate::core::clock::Score;
use crate::core::inner::Inner;
use crate::core::shard::{Shard, millis};

/// How many keys one call of the script serves at most, so that it does not hold Redis up.
const MAX_KEYS: usize = 128;
/// How many bytes of messages go into one call, unless a single one is longer.
pub(super) const MAX_BYTES: usize = 4 << 20;

/// The part of one server: all of `messages` to each key, in order. Returns whether the group has the
/// members that were `guessed`; if not, nothing was sent.
pub(super) async fn send_to(
    inner: &Inner,
    shard: &Shard,
    group: &GroupName,
    keys: &[Key<'_>],
    messages: &[Message],
    guessed: Option<&[Bytes]>,
) -> Result<bool, LayerError> {
    let home = inner.shard(group.as_str());
    home.meet(group, keys.iter().map(|(non_local, _)| *non_local));
    let scores: Vec<_> = messages.iter().map(|_| inner.clock.next()).collect();
    let mut rest = keys;
    while !rest.is_empty() {
        let mut invocation = inner.scripts.group_send.prepare_invoke();
        invocation
            .key(shard.keys.group(group))
            .arg(guessed.map(|members| members.join(&0)).unwrap_or_default())
            .arg(Score::now().before(shard.group_expiry))
            .arg(Score::now().before(inner.config.expiry))
            .arg(millis(inner.config.expiry))
            .arg(messages.len())
            .arg(&scores);
        let (mut count, mut bytes) = (0, 0);
        for (non_local, names) in rest {
            invocation
                .key(shard.keys.queue(non_local))
                .arg(inner.capacities.of(names[0]));
            for message in messages {
                let member = inner.codec.seal(message, Some(Channels::Many(names)))?;
                bytes += member.len();
                invocation.arg(&*member);
            }
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
