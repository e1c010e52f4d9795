//! The headers that decide how long a request's body is, collected while its head streams by.

/// What follows a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// The next head.
    Nothing,
    /// So many bytes.
    Length(u64),
    /// Chunks and trailers.
    Chunked,
    /// Whatever the protocol after the upgrade says.
    Tunnel,
}

/// The head cannot be framed in one way only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ambiguous;

/// Whether an `Upgrade` header offers WebSocket. Guard and handshake must agree on it: behind such
/// a head the guard looks no further.
pub(crate) fn is_websocket(value: &[u8]) -> bool {
    value
        .split(|byte| *byte == b',')
        .any(|token| token.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

const CONTENT_LENGTH: &[u8] = b"content-length";
const TRANSFER_ENCODING: &[u8] = b"transfer-encoding";
const UPGRADE: &[u8] = b"upgrade";

/// Longest value looked at; no legal one is longer.
const MAX_VALUE: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Other,
    ContentLength,
    TransferEncoding,
    Upgrade,
}

/// One head's framing headers, fed in any portions.
#[derive(Debug)]
pub(crate) struct Fields {
    name: [u8; 17],
    /// Saturates above the longest name we look for.
    name_len: u8,
    field: Field,
    value: [u8; MAX_VALUE],
    /// Saturates above `MAX_VALUE`.
    value_len: u8,
    length: Option<u64>,
    chunked: bool,
    tunnel: bool,
    http10: bool,
}

impl Fields {
    pub(crate) const fn new() -> Self {
        Self {
            name: [0; 17],
            name_len: 0,
            field: Field::Other,
            value: [0; MAX_VALUE],
            value_len: 0,
            length: None,
            chunked: false,
            tunnel: false,
            http10: false,
        }
    }

    /// A request line ended; `http10` by its version.
    pub(crate) fn begin(&mut self, http10: bool) {
        *self = Self::new();
        self.http10 = http10;
    }

    /// Whether they look at headers of that name.
    pub(crate) fn want(name: &[u8]) -> bool {
        let is = |field: &[u8]| name.eq_ignore_ascii_case(field);
        // Nearly all others differ in their length.
        match name.len() {
            7 => is(UPGRADE),
            14 => is(CONTENT_LENGTH),
            17 => is(TRANSFER_ENCODING),
            _ => false,
        }
    }

    /// More of a name.
    pub(crate) fn name(&mut self, bytes: &[u8]) {
        for (slot, byte) in self.name.iter_mut().skip(self.name_len.into()).zip(bytes) {
            *slot = byte.to_ascii_lowercase();
        }
        self.name_len = longer(self.name_len, bytes);
    }

    /// The name is complete; whether its value is of interest.
    pub(crate) fn name_ends(&mut self) -> bool {
        let name = self.name.get(..usize::from(self.name_len)).unwrap_or_default();
        self.field = match name {
            CONTENT_LENGTH => Field::ContentLength,
            TRANSFER_ENCODING => Field::TransferEncoding,
            UPGRADE => Field::Upgrade,
            _ => Field::Other,
        };
        self.name_len = 0;
        self.value_len = 0;
        self.field != Field::Other
    }

    /// More of a value.
    pub(crate) fn value(&mut self, bytes: &[u8]) {
        for (slot, byte) in self.value.iter_mut().skip(self.value_len.into()).zip(bytes) {
            *slot = *byte;
        }
        self.value_len = longer(self.value_len, bytes);
    }

    /// The line is complete.
    pub(crate) fn value_ends(&mut self) -> Result<(), Ambiguous> {
        if self.field == Field::Other {
            return Ok(());
        }
        let value = self.value.get(..usize::from(self.value_len)).ok_or(Ambiguous)?;
        let value = value.trim_ascii();
        match self.field {
            Field::ContentLength => {
                // A second one is refused even if it says the same, as Twisted does.
                if self.chunked || self.length.is_some() {
                    return Err(Ambiguous);
                }
                self.length = Some(decimal(value).ok_or(Ambiguous)?);
            }
            Field::TransferEncoding => {
                let fits = value.eq_ignore_ascii_case(b"chunked");
                if !fits || self.http10 || self.chunked || self.length.is_some() {
                    return Err(Ambiguous);
                }
                self.chunked = true;
            }
            Field::Upgrade => self.tunnel |= is_websocket(value),
            Field::Other => {}
        }
        Ok(())
    }

    /// The head is complete.
    pub(crate) fn framing(&self) -> Result<Framing, Ambiguous> {
        let body = self.chunked || self.length.is_some_and(|length| length > 0);
        match (self.tunnel, self.length) {
            // Bytes that would be both a body and frames.
            (true, _) if body => Err(Ambiguous),
            (true, _) => Ok(Framing::Tunnel),
            (false, _) if self.chunked => Ok(Framing::Chunked),
            (false, Some(length)) if length > 0 => Ok(Framing::Length(length)),
            (false, _) => Ok(Framing::Nothing),
        }
    }
}

/// A length that stops growing far above what is looked at.
fn longer(length: u8, bytes: &[u8]) -> u8 {
    length.saturating_add(u8::try_from(bytes.len()).unwrap_or(u8::MAX))
}

/// Only digits: no sign, no list, no space; and far below what overflows.
fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.iter().try_fold(0, |number: u64, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u64::from(digit - b'0'))
    })
}
