//! Whose the members of a group are.

use laureola_layers::{GroupName, LayerError};

use crate::core::layer::RedisChannelLayer;
use crate::core::process::ProcessId;

/// A channel in a group.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Member {
    /// Its name.
    pub channel: String,
    /// When it was added or last refreshed, in seconds since 1970.
    pub added: f64,
    /// Whose it is.
    pub owner: Owner,
}

/// Whose a channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Owner {
    /// A process of Laureola's.
    Laureola {
        /// Whether it gives signs of life; if not, its members are about to be removed.
        alive: bool,
    },
    /// Anybody else's: a process of channels_redis, which gives no sign of life, or a plain
    /// channel, which belongs to whoever listens.
    Other,
}

impl RedisChannelLayer {
    /// [`RedisChannelLayer::members`], and whose they are.
    ///
    /// # Errors
    /// [`LayerError::Backend`] if the group's host is away.
    pub async fn owned_members(&self, group: &GroupName) -> Result<Vec<Member>, LayerError> {
        let members = self.members(group).await?;
        let shard = self.shard(group.as_str());
        let processes = shard.processes().await?;
        let owner = |channel: &str| {
            let process = ProcessId::of_channel(channel);
            if process.as_ref() == Some(&shard.process) {
                return Owner::Laureola { alive: true };
            }
            let known = process.and_then(|id| processes.iter().find(|known| known.id == id));
            known.map_or(Owner::Other, |known| Owner::Laureola { alive: known.alive })
        };
        Ok(members
            .into_iter()
            .map(|(channel, added)| Member {
                owner: owner(&channel),
                channel,
                added,
            })
            .collect())
    }
}
