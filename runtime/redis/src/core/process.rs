//! Which processes are Laureola's, and which of them have died.
//!
//! A process of Laureola that puts a channel into a group enters itself into a sorted set first,
//! and renews a key that expires when it no longer does. So its members can be told from those of
//! Python's processes, which do neither, and a process that was killed is found out.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use laureola_layers::LayerError;
use laureola_layers::name::random_hex;
use redis::Pipeline;

use crate::core::clock::Score;
use crate::core::shard::{BATCH, Shard, millis};

/// The processes that are known and give no sign of life.
pub(crate) type Dead = HashSet<ProcessId>;

/// What stands between the prefix and the `!` of a process's channels: 32 hexadecimal digits, as
/// in channels_redis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ProcessId(Box<str>);

impl ProcessId {
    pub(crate) fn random() -> Self {
        Self(random_hex())
    }

    /// Whatever else stands in Redis is no process of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let valid = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        valid.then(|| Self(text.into()))
    }

    /// Whose channel this is; `None` for a plain one.
    pub(crate) fn of_channel(channel: &str) -> Option<Self> {
        let (shared, _) = channel.split_once('!')?;
        let (_, process) = shared.rsplit_once('.')?;
        Self::parse(process)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Shard {
    /// How often this process gives a sign of life, and looks for those that no longer do.
    pub(crate) fn beat_interval(&self) -> Duration {
        self.heartbeat / 6
    }

    /// How long a sign of life counts: what then remains of the heartbeat is for the removal.
    fn alive_for(&self) -> Duration {
        self.heartbeat * 2 / 3
    }

    /// Enters this process among the living.
    pub(crate) fn sign_of_life(&self, pipeline: &mut Pipeline) {
        let (process, processes) = (self.process.as_str(), self.keys.processes());
        pipeline.zadd(&processes, process, Score::now()).ignore();
        pipeline
            .pexpire(&processes, millis(self.remembered_for()))
            .ignore();
        let mut alive = redis::cmd("SET");
        alive
            .arg(self.keys.alive(process))
            .arg(1)
            .arg("PX")
            .arg(millis(self.alive_for()));
        pipeline.add_command(alive).ignore();
    }

    /// Gives a sign of life, if there is anything to live for. Where the last one had expired,
    /// others may have removed our members.
    pub(crate) async fn beat(&self) -> Result<(), LayerError> {
        if !self.announced.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut pipeline = redis::pipe();
        pipeline.exists(self.keys.alive(self.process.as_str()));
        self.sign_of_life(&mut pipeline);
        let (alive,): (bool,) = self.link.pipe("give a sign of life", &pipeline).await?;
        if !alive {
            self.taken_for_dead.store(true, Ordering::Release);
            self.revived.notify_one();
        }
        Ok(())
    }

    /// Leaves all groups, and then the living: nobody needs to look after us. Where this fails, or
    /// is given up, others find us dead, and what is left of us in the index.
    pub(crate) async fn farewell(&self) -> Result<(), LayerError> {
        let members: Vec<_> = self.joined.by_group().into_iter().collect();
        self.joined.clear();
        for members in members.chunks(BATCH) {
            self.discard(members).await?;
        }
        if self.leaving.overflowed() || !self.announced.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let process = self.process.as_str();
        let mut pipeline = redis::pipe();
        pipeline.del(self.keys.alive(process)).ignore();
        pipeline.del(self.keys.groups_of(process)).ignore();
        pipeline.zrem(self.keys.processes(), process).ignore();
        self.link.pipe("say farewell", &pipeline).await
    }

    /// The other processes of Laureola, and whether each gives signs of life and still has an
    /// index of groups.
    pub(crate) async fn processes(&self) -> Result<Vec<Process>, LayerError> {
        let key = self.keys.processes();
        let mut pipeline = redis::pipe();
        pipeline
            .zrembyscore(&key, 0, Score::now().before(self.remembered_for()))
            .ignore();
        pipeline.zrange(&key, 0, -1);
        let (known,): (Vec<String>,) = self.link.pipe("look for processes", &pipeline).await?;
        let known: Vec<_> = known
            .iter()
            .filter_map(|id| ProcessId::parse(id))
            .filter(|id| *id != self.process)
            .collect();
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = redis::pipe();
        for id in &known {
            pipeline.exists(self.keys.alive(id.as_str()));
            pipeline.exists(self.keys.groups_of(id.as_str()));
        }
        let signs: Vec<bool> = self.link.pipe("look for dead processes", &pipeline).await?;
        let signs = signs.chunks_exact(2);
        Ok(known
            .into_iter()
            .zip(signs)
            .map(|(id, signs)| Process {
                id,
                alive: signs[0],
                indexed: signs[1],
            })
            .collect())
    }

    /// As long as a member of a dead process can stand in a group.
    fn remembered_for(&self) -> Duration {
        self.group_expiry + self.heartbeat
    }
}

/// Another process of Laureola.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) id: ProcessId,
    pub(crate) alive: bool,
    /// Whether it still says which groups it was in: nobody has removed it from them all.
    pub(crate) indexed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_names_its_process() {
        let id = "0123456789abcdef0123456789abcdef";
        let of = |channel: &str| ProcessId::of_channel(channel);
        assert_eq!(of(&format!("specific.{id}!x")), ProcessId::parse(id));
        assert_eq!(of(&format!("http.request.{id}!x")), ProcessId::parse(id));
        assert_eq!(of(&format!("specific.{id}")), None);
        assert_eq!(of("specific.a!b"), None);
        assert_eq!(of("thumbnails"), None);
        assert!(ProcessId::parse("*".repeat(32).as_str()).is_none());
    }
}
