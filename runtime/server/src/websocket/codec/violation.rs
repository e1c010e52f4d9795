//! [`Violation`]: why a client's bytes cannot be taken.

use laureola_asgi::CloseCode;

use crate::websocket::close;

/// What is wrong with a client's bytes. Its text goes to the client, as the close frame's reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.reason())]
#[non_exhaustive]
pub(crate) enum Violation {
    /// A reserved bit that no extension gives a meaning (RFC 6455 §5.2).
    ReservedBit,
    /// An opcode that is not in use (§5.2).
    ReservedOpcode,
    /// A client masks every frame (§5.1).
    Unmasked,
    /// A control frame in fragments (§5.5).
    FragmentedControl,
    /// A control frame of more than 125 bytes (§5.5).
    LongControl,
    /// A length in a longer form than it needs, or of 64 bits (§5.2).
    Length,
    /// A continuation without a message to continue (§5.4).
    NothingToContinue,
    /// A new message before the last one's end (§5.4).
    Unfinished,
    /// Half a close code, or one that must not be sent (§5.5.1, §7.4).
    CloseCode,
    /// Text, or a close frame's reason, that is not UTF-8 (§8.1).
    NotUtf8,
    /// A compressed message that does not inflate (RFC 7692 §7.2.2).
    NotDeflate,
    /// Over the limit of a frame or of a message, inflated.
    TooBig,
}

impl Violation {
    /// The code of the close frame that tells the client.
    #[must_use]
    pub(crate) const fn code(self) -> CloseCode {
        match self {
            Self::NotUtf8 | Self::NotDeflate => close::NOT_UTF8,
            Self::TooBig => close::TOO_BIG,
            _ => close::PROTOCOL,
        }
    }

    /// The reason in the close frame.
    #[must_use]
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::ReservedBit => "reserved bit set",
            Self::ReservedOpcode => "reserved opcode",
            Self::Unmasked => "frame not masked",
            Self::FragmentedControl => "fragmented control frame",
            Self::LongControl => "control frame too long",
            Self::Length => "invalid length",
            Self::NothingToContinue => "nothing to continue",
            Self::Unfinished => "message not finished",
            Self::CloseCode => "invalid close code",
            Self::NotUtf8 => "invalid UTF-8",
            Self::NotDeflate => "invalid compressed data",
            Self::TooBig => "message too big",
        }
    }
}
