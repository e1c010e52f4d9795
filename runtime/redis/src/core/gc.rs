//! The clean-up an operator asks for: every group, at once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use laureola_layers::LayerError;

use crate::core::clock::Score;
use crate::core::layer::RedisChannelLayer;
use crate::core::process::ProcessId;
use crate::core::shard::Shard;

/// About so many members of a group are read at a time.
const COUNT: usize = 1_000;

/// What [`RedisChannelLayer::gc`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GcReport {
    /// Processes of Laureola found dead, each counted once per host.
    pub processes: usize,
    /// Groups looked at.
    pub groups: usize,
    /// Members removed.
    pub members: usize,
}

impl RedisChannelLayer {
    /// Looks at every group of this prefix and removes the members of processes that died.
    ///
    /// Those of Laureola are known by their missing heartbeat (the layer removes them by itself,
    /// within [`RedisConfig::heartbeat`](crate::RedisConfig::heartbeat), as long as any process
    /// lives). Those of channels_redis give no sign of life: of them, members that joined longer
    /// ago than `age` are removed, and none without an `age`. **A socket of theirs that has been
    /// open for longer is then out of its groups as well.** Plain channels stay.
    ///
    /// Cost: a `SCAN` of all keys of every host and a read of every member, a thousand at a time.
    ///
    /// # Errors
    /// [`LayerError::Backend`] if a host is away; what was removed before stays removed.
    pub async fn gc(&self, age: Option<Duration>) -> Result<GcReport, LayerError> {
        let mut report = GcReport::default();
        for shard in self.shards() {
            shard.gc(age, &mut report).await?;
        }
        Ok(report)
    }
}

impl Shard {
    async fn gc(self: &Arc<Self>, age: Option<Duration>, report: &mut GcReport) -> Result<(), LayerError> {
        let processes = self.processes().await?;
        let mut alive: HashMap<_, _> = processes
            .iter()
            .map(|process| (process.id.clone(), process.alive))
            .collect();
        alive.insert(self.process.clone(), true);
        report.processes += processes.iter().filter(|process| !process.alive).count();
        for process in processes
            .iter()
            .filter(|process| !process.alive && process.indexed)
        {
            report.members += self.bury(&process.id).await?;
        }
        let limit = age.map(|age| Score::now().before(age));
        let mut scan = self.scan(self.keys.groups_pattern());
        while let Some(keys) = scan.next("list groups").await? {
            for key in keys {
                if let Ok(key) = String::from_utf8(key) {
                    report.groups += 1;
                    report.members += self.gc_group(&key, &alive, limit).await?;
                }
            }
        }
        Ok(())
    }

    async fn gc_group(
        &self,
        key: &str,
        alive: &HashMap<ProcessId, bool>,
        limit: Option<Score>,
    ) -> Result<usize, LayerError> {
        let (mut cursor, mut removed) = ("0".to_owned(), 0);
        loop {
            let mut scan = redis::cmd("ZSCAN");
            scan.arg(key).arg(&cursor).arg("COUNT").arg(COUNT);
            let (next, members): (String, Vec<(Vec<u8>, f64)>) =
                self.link.query("read a group", &scan).await?;
            let mut dead: HashMap<ProcessId, Vec<String>> = HashMap::new();
            let mut strangers = Vec::new();
            for (member, _) in members {
                let Ok(channel) = String::from_utf8(member) else {
                    continue;
                };
                let Some(process) = ProcessId::of_channel(&channel) else {
                    continue;
                };
                match alive.get(&process) {
                    Some(true) => {}
                    Some(false) => dead.entry(process).or_default().push(channel),
                    None => strangers.push(channel),
                }
            }
            for (process, channels) in dead {
                let mut bury = self.scripts.bury.prepare_invoke();
                bury.key(self.keys.alive(process.as_str())).key(key).arg(channels);
                let count: i64 = self.link.script("remove members", &bury).await?;
                removed += usize::try_from(count).unwrap_or(0);
            }
            if let (Some(limit), false) = (limit, strangers.is_empty()) {
                let mut expel = self.scripts.expel.prepare_invoke();
                expel.key(key).arg(limit).arg(strangers);
                removed += self.link.script::<usize>("remove members", &expel).await?;
            }
            if next == "0" {
                return Ok(removed);
            }
            cursor = next;
        }
    }
}
