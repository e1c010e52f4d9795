//! What a layer fails with.

use crate::name::{ChannelName, NameError};

/// An operation of a channel layer failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// The channel holds `capacity` messages already (Channels: `ChannelFull`). Its receiver is
    /// too slow, or gone; the message was not sent.
    #[error("channel {0} is full")]
    ChannelFull(ChannelName),
    /// A text was no channel or group name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The message is no map with text keys, or cannot be written as msgpack.
    #[error("the message cannot be sent")]
    Message(#[from] laureola_message::MessageError),
    /// The layer's server cannot be reached, or refused the command.
    #[error("{context}")]
    Backend {
        /// What was tried, and against which server.
        context: String,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The layer was closed: the server is stopping.
    #[error("the channel layer is closed")]
    Closed,
    /// The layer cannot do this.
    #[error("{0}")]
    Unsupported(&'static str),
}
