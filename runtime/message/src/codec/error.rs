//! [`CodecError`].

use std::error::Error;

use crate::envelope::EnvelopeError;
use crate::fernet::FernetError;
use crate::json;

/// Why a message cannot be written, or bytes are not read as one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// No prefix, no message inside, or channels that are none.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The message holds what JSON cannot.
    #[error(transparent)]
    JsonEncode(#[from] json::EncodeError),
    /// The payload is not JSON.
    #[error(transparent)]
    JsonDecode(#[from] json::DecodeError),
    /// The payload is not encrypted, not with our keys, or too old.
    #[error(transparent)]
    Fernet(#[from] FernetError),
    /// What a registered serializer says.
    #[error(transparent)]
    Custom(Box<dyn Error + Send + Sync>),
}

impl CodecError {
    /// For serializers of one's own: an error of any type, or a text.
    pub fn custom(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Custom(error.into())
    }
}
