//! [`Decoder`]: bytes in, messages and control frames out.

use bytes::Bytes;
use laureola_asgi::CloseCode;
use laureola_message::Str;

use super::header::{Header, MAX_HEADER, Opcode, Place};
use super::mask::Key;
use super::message::Message;
use super::{Inflation, Violation};
use crate::websocket::close;

/// What a client sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// A text message.
    Text(Str),
    /// A binary message.
    Binary(Bytes),
    /// A ping, to be answered with its payload.
    Ping(Bytes),
    /// A pong, asked for or not.
    Pong,
    /// A close frame; 1005 where it has no code. Nothing after it means anything.
    Close(CloseCode, Str),
}

/// What a message may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Bytes of a message, inflated.
    pub(crate) max_message: usize,
    /// Bytes of a frame.
    pub(crate) max_frame: usize,
}

/// See [`super`]. After a [`Violation`] it is of no further use.
#[derive(Debug)]
pub(crate) struct Decoder {
    rules: Rules,
    inflation: Inflation,
    /// What is incomplete. `None` between two messages, which is most of the time.
    partial: Option<Box<Partial>>,
}

#[derive(Debug, Default)]
struct Partial {
    /// A header that is not whole.
    head: [u8; MAX_HEADER],
    head_len: usize,
    frame: Option<Rest>,
    /// The payload of a control frame so far.
    control: Vec<u8>,
    message: Option<Message>,
}

/// A frame whose payload is not whole.
#[derive(Clone, Copy, Debug)]
struct Rest {
    opcode: Opcode,
    fin: bool,
    key: Key,
    left: usize,
}

impl Decoder {
    /// A decoder for a socket just opened.
    pub(crate) const fn new(rules: Rules, inflation: Inflation) -> Self {
        Self {
            rules,
            inflation,
            partial: None,
        }
    }

    /// Whether nothing is under way, so that nothing is held.
    #[cfg(test)]
    pub(crate) const fn is_idle(&self) -> bool {
        self.partial.is_none()
    }

    /// Takes bytes off the front of `input`, up to the end of a message or control frame; `None`
    /// once there are none left. `input` is unmasked in place.
    ///
    /// # Errors
    /// [`Violation`], as early as it shows.
    pub(crate) fn decode(&mut self, input: &mut &mut [u8]) -> Result<Option<Item>, Violation> {
        loop {
            let rest = match self.partial.as_ref().and_then(|partial| partial.frame) {
                Some(rest) => rest,
                None => match self.header(input)? {
                    Some(header) => match self.begin(&header, input)? {
                        Begun::Whole(item) => return Ok(Some(item)),
                        Begun::Rest(rest) => rest,
                    },
                    None => return Ok(None),
                },
            };
            if let Some(item) = self.proceed(rest, input)? {
                return Ok(Some(item));
            }
            if input.is_empty() {
                return Ok(None);
            }
        }
    }

    /// The next frame's header. What there is of it is kept if it is not whole.
    fn header(&mut self, input: &mut &mut [u8]) -> Result<Option<Header>, Violation> {
        let place = self.place();
        if self.partial.as_ref().is_none_or(|partial| partial.head_len == 0) {
            if let Some((header, length)) = Header::parse(input, &place)? {
                skip(input, length);
                return Ok(Some(header));
            }
            if input.is_empty() {
                return Ok(None);
            }
        }
        let Partial { head, head_len, .. } = &mut **self.partial.get_or_insert_default();
        let more = input.len().min(MAX_HEADER - *head_len);
        head[*head_len..*head_len + more].copy_from_slice(&input[..more]);
        let parsed = Header::parse(&head[..*head_len + more], &place)?;
        // What was there was no whole header, so this one ends behind it.
        let taken = parsed.as_ref().map_or(more, |(_, length)| length - *head_len);
        skip(input, taken);
        *head_len = if parsed.is_some() { 0 } else { *head_len + more };
        Ok(parsed.map(|(header, _)| header))
    }

    fn place(&self) -> Place {
        let message = self.partial.as_ref().and_then(|partial| partial.message.as_ref());
        let Rules {
            max_message,
            max_frame,
        } = self.rules;
        let (whole, frame) = if message.is_some_and(Message::is_compressed) {
            (deflated(max_message), deflated(max_frame))
        } else {
            (max_message, max_frame)
        };
        Place {
            within: message.is_some(),
            deflate: self.inflation.is_on(),
            room: frame.min(whole - message.map_or(0, Message::len)),
            compressed_room: deflated(max_frame).min(deflated(max_message)),
        }
    }

    /// Starts a frame. The common one, which is a message of its own and all there, is done with
    /// at once.
    fn begin(&mut self, header: &Header, input: &mut &mut [u8]) -> Result<Begun, Violation> {
        let Header {
            fin,
            opcode,
            mut key,
            length,
            ..
        } = *header;
        let is_alone = fin && !header.compressed && opcode != Opcode::Continuation;
        if is_alone && let Some(payload) = input.split_off_mut(..length) {
            key.apply(payload);
            self.tidy();
            return whole(opcode, payload).map(Begun::Whole);
        }
        let partial = self.partial.get_or_insert_default();
        if matches!(opcode, Opcode::Text | Opcode::Binary) {
            partial.message = Some(Message::new(header));
        }
        Ok(Begun::Rest(Rest {
            opcode,
            fin,
            key,
            left: length,
        }))
    }

    /// Takes what has come of a frame's payload.
    fn proceed(&mut self, mut rest: Rest, input: &mut &mut [u8]) -> Result<Option<Item>, Violation> {
        let here = rest.left.min(input.len());
        let payload = input.split_off_mut(..here).expect("no longer than the input");
        rest.key.apply(payload);
        let partial = self.partial.as_mut().expect("a frame is under way");
        match rest.opcode {
            Opcode::Continuation | Opcode::Text | Opcode::Binary => {
                let message = partial.message.as_mut().expect("a data frame belongs to one");
                message.extend(payload, rest.left)?;
            }
            Opcode::Close | Opcode::Ping | Opcode::Pong => partial.control.extend_from_slice(payload),
        }
        rest.left -= here;
        if rest.left > 0 {
            partial.frame = Some(rest);
            return Ok(None);
        }
        partial.frame = None;
        let item = match rest.opcode {
            Opcode::Close | Opcode::Ping | Opcode::Pong => {
                let payload = std::mem::take(&mut partial.control);
                Some(whole(rest.opcode, &payload)?)
            }
            _ if rest.fin => {
                let message = partial.message.take().expect("as above");
                Some(message.finish(&mut self.inflation, self.rules.max_message)?)
            }
            _ => None,
        };
        self.tidy();
        Ok(item)
    }

    /// Holds nothing where nothing is under way.
    fn tidy(&mut self) {
        if let Some(partial) = &self.partial
            && partial.frame.is_none()
            && partial.message.is_none()
        {
            self.partial = None;
        }
    }
}

fn skip(input: &mut &mut [u8], length: usize) {
    input.split_off_mut(..length).expect("no longer than the input");
}

enum Begun {
    Whole(Item),
    Rest(Rest),
}

/// How long what was compressed may be, if it is not to be longer than `limit` after: what does not
/// compress grows by some bytes for each block.
const fn deflated(limit: usize) -> usize {
    limit.saturating_add(limit / 1024).saturating_add(64)
}

/// A frame that is all there.
fn whole(opcode: Opcode, payload: &[u8]) -> Result<Item, Violation> {
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| Violation::NotUtf8);
    Ok(match opcode {
        Opcode::Text => Item::Text(text(payload)?.into()),
        Opcode::Binary | Opcode::Continuation => Item::Binary(Bytes::copy_from_slice(payload)),
        Opcode::Ping => Item::Ping(Bytes::copy_from_slice(payload)),
        Opcode::Pong => Item::Pong,
        Opcode::Close => match payload {
            [] => Item::Close(close::NO_CODE, Str::default()),
            [_] => return Err(Violation::CloseCode),
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                if !close::is_sendable(code) {
                    return Err(Violation::CloseCode);
                }
                Item::Close(code, text(reason)?.into())
            }
        },
    })
}
