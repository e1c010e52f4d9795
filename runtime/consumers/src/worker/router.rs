//! Worker consumers by channel name.

use std::collections::BTreeMap;

use laureola_layers::{ChannelName, LayerError, NameError};

use super::lane::WorkerApplication;

/// Why a worker cannot do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// A text is no channel's name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Two consumers want the same channel.
    #[error("two consumers are registered for channel {0}: a channel has one")]
    Taken(ChannelName),
    /// No consumer is registered for a channel.
    #[error("no consumer is registered for channel {channel}; there are consumers for: {known}")]
    Unknown {
        /// The channel.
        channel: ChannelName,
        /// Those with one.
        known: String,
    },
    /// The channel cannot be listened to.
    #[error("cannot listen to channel {channel}")]
    Layer {
        /// The channel.
        channel: ChannelName,
        /// Why.
        #[source]
        source: LayerError,
    },
}

/// Worker consumers by the name of their channel (Channels: `ChannelNameRouter`).
#[derive(Clone, Debug, Default)]
pub struct ChannelNameRouter(BTreeMap<Box<str>, (ChannelName, WorkerApplication)>);

impl ChannelNameRouter {
    /// A router of these.
    ///
    /// # Errors
    /// [`WorkerError::Name`], [`WorkerError::Taken`].
    pub fn new<N: AsRef<str>>(
        routes: impl IntoIterator<Item = (N, WorkerApplication)>,
    ) -> Result<Self, WorkerError> {
        let mut router = Self::default();
        for (name, application) in routes {
            let channel = ChannelName::new(name)?;
            let entry = (channel.clone(), application);
            if router.0.insert(channel.as_str().into(), entry).is_some() {
                return Err(WorkerError::Taken(channel));
            }
        }
        Ok(router)
    }

    /// The channels that have consumers, sorted.
    pub fn channels(&self) -> impl Iterator<Item = &ChannelName> {
        self.0.values().map(|(channel, _)| channel)
    }

    /// The consumers of a channel.
    ///
    /// # Errors
    /// [`WorkerError::Unknown`], which names those there are.
    pub fn get(&self, channel: &ChannelName) -> Result<&WorkerApplication, WorkerError> {
        match self.0.get(channel.as_str()) {
            Some((_, application)) => Ok(application),
            None => Err(WorkerError::Unknown {
                channel: channel.clone(),
                known: self.known(),
            }),
        }
    }

    fn known(&self) -> String {
        let names: Vec<_> = self.0.keys().map(|name| &**name).collect();
        if names.is_empty() {
            return "none".to_owned();
        }
        names.join(", ")
    }
}
