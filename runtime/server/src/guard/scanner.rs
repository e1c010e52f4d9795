//! The grammar of RFC 9112, strictly, as a state machine over bytes in any portions.

use super::fields::{Fields, Framing};

/// Where in the stream of requests the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Between requests.
    Start,
    /// In a head.
    Head,
    /// In a body of known length.
    Body,
    /// In chunks or trailers, where the guard has something to refuse.
    Chunks,
    /// Behind a WebSocket handshake.
    Tunnel,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before a request line; empty lines may stand here (RFC 9112 §2.2).
    Start,
    StartLf,
    Line,
    LineLf,
    /// The first byte of a header line, or of the end.
    Field,
    Name,
    Value,
    ValueLf,
    EndLf,
    Body(u64),
    SizeFirst,
    Size {
        size: u64,
        digits: u8,
    },
    Extension {
        size: u64,
        length: u16,
    },
    SizeLf(u64),
    Data(u64),
    DataCr,
    DataLf,
    Tunnel,
}

/// Longest chunk extension, and most hexadecimal digits of a chunk's size.
const MAX_EXTENSION: u16 = 1024;
const MAX_DIGITS: u8 = 15;

const HTTP_11: u64 = u64::from_be_bytes(*b"HTTP/1.1");
const HTTP_10: u64 = u64::from_be_bytes(*b"HTTP/1.0");

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Scanner {
    state: State,
    fields: Fields,
    /// The request line's last eight bytes.
    tail: u64,
    /// The value under way is one that `fields` wants.
    wanted: bool,
    trailers: bool,
    heads: u64,
}

impl Scanner {
    pub(crate) const fn new() -> Self {
        Self {
            state: State::Start,
            fields: Fields::new(),
            tail: 0,
            wanted: false,
            trailers: false,
            heads: 0,
        }
    }

    /// Complete heads so far.
    pub(crate) fn heads(&self) -> u64 {
        self.heads
    }

    pub(crate) fn place(&self) -> Place {
        match self.state {
            State::Start | State::StartLf => Place::Start,
            State::Field | State::Name | State::Value | State::ValueLf | State::EndLf if self.trailers => {
                Place::Chunks
            }
            State::Line
            | State::LineLf
            | State::Field
            | State::Name
            | State::Value
            | State::ValueLf
            | State::EndLf => Place::Head,
            State::Body(_) => Place::Body,
            State::SizeFirst
            | State::Size { .. }
            | State::Extension { .. }
            | State::SizeLf(_)
            | State::Data(_)
            | State::DataCr
            | State::DataLf => Place::Chunks,
            State::Tunnel => Place::Tunnel,
        }
    }

    /// Reads on. `Err` is the index of the first byte that must not pass; nothing may be scanned
    /// after it.
    pub(crate) fn scan(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match &mut self.state {
                State::Tunnel => return Ok(()),
                State::Body(left) | State::Data(left) => {
                    let here = (bytes.len() - at) as u64;
                    let taken = here.min(*left);
                    *left -= taken;
                    if *left == 0 {
                        self.body_part_ends();
                    }
                    at += usize::try_from(taken).expect("not more than the slice is long");
                }
                _ => {
                    let mut passed = self.line(&bytes[at..]);
                    if passed == 0 {
                        passed = self.run(&bytes[at..]);
                    }
                    if passed == 0 {
                        self.state = self.next(*byte).ok_or(at)?;
                        passed = 1;
                    }
                    at += passed;
                }
            }
        }
        Ok(())
    }

    /// Takes a line that is here whole, and of which nothing but its form is of interest: most are.
    /// How long it is; 0 where it has to be looked at more closely.
    fn line(&mut self, bytes: &[u8]) -> usize {
        let end = match self.state {
            State::Start => {
                let end = leading(bytes, LINE);
                let Some(tail) = bytes[..end].last_chunk() else {
                    return 0;
                };
                let tail = u64::from_be_bytes(*tail);
                if bytes[0] == b' ' || !matches!(tail, HTTP_11 | HTTP_10) || !ends_line(&bytes[end..]) {
                    return 0;
                }
                self.fields.begin(tail == HTTP_10);
                self.trailers = false;
                end
            }
            State::Field => {
                let name = leading(bytes, NAME);
                if name == 0 || bytes.get(name) != Some(&b':') || Fields::want(&bytes[..name]) {
                    return 0;
                }
                let value = name + 1;
                let end = value + leading_value(&bytes[value..]);
                if !ends_line(&bytes[end..]) {
                    return 0;
                }
                end
            }
            _ => return 0,
        };
        self.state = State::Field;
        end + 2
    }

    /// Takes the bytes that change no state, all at once, for nearly all of a head's are such; how
    /// many they were.
    fn run(&mut self, bytes: &[u8]) -> usize {
        let class = match self.state {
            State::Line => LINE,
            State::Name => NAME,
            State::Value => VALUE,
            _ => return 0,
        };
        let run = &bytes[..leading(bytes, class)];
        match self.state {
            State::Line => {
                for byte in &run[run.len().saturating_sub(size_of_val(&self.tail))..] {
                    self.tail = self.tail << 8 | u64::from(*byte);
                }
            }
            State::Name => self.fields.name(run),
            _ if self.wanted => self.fields.value(run),
            _ => {}
        }
        run.len()
    }

    fn body_part_ends(&mut self) {
        self.state = match self.state {
            State::Data(_) => State::DataCr,
            _ => State::Start,
        };
    }

    fn next(&mut self, byte: u8) -> Option<State> {
        Some(match (self.state, byte) {
            (State::Start, b'\r') => State::StartLf,
            (State::StartLf, b'\n') => State::Start,
            (State::Start, 0x21..=0x7e) => {
                self.tail = u64::from(byte);
                State::Line
            }
            (State::Line, b'\r') if matches!(self.tail, HTTP_11 | HTTP_10) => State::LineLf,
            (State::LineLf, b'\n') => {
                self.fields.begin(self.tail == HTTP_10);
                self.tail = 0;
                self.trailers = false;
                State::Field
            }
            (State::Field, b'\r') => State::EndLf,
            // A space here would be a folded header.
            (State::Field, byte) if is_token(byte) => {
                self.fields.name(&[byte]);
                State::Name
            }
            (State::Name, b':') => {
                self.wanted = self.fields.name_ends() && !self.trailers;
                State::Value
            }
            (State::Value, b'\r') => State::ValueLf,
            (State::ValueLf, b'\n') => {
                if self.wanted {
                    self.fields.value_ends().ok()?;
                }
                State::Field
            }
            (State::EndLf, b'\n') if self.trailers => State::Start,
            (State::EndLf, b'\n') => self.head_ends()?,
            (chunk, byte) => self.next_in_chunks(chunk, byte)?,
        })
    }

    fn next_in_chunks(&mut self, state: State, byte: u8) -> Option<State> {
        Some(match (state, byte) {
            (State::SizeFirst, byte) => State::Size {
                size: hexadecimal(byte)?,
                digits: 1,
            },
            (State::Size { size, .. }, b'\r') => State::SizeLf(size),
            (State::Size { size, .. }, b';') => State::Extension { size, length: 0 },
            (State::Size { size, digits }, byte) if digits < MAX_DIGITS => State::Size {
                size: size << 4 | hexadecimal(byte)?,
                digits: digits + 1,
            },
            (State::Extension { size, .. }, b'\r') => State::SizeLf(size),
            (State::Extension { size, length }, byte) if is_value(byte) && length < MAX_EXTENSION => {
                State::Extension {
                    size,
                    length: length + 1,
                }
            }
            (State::SizeLf(0), b'\n') => {
                self.trailers = true;
                State::Field
            }
            (State::SizeLf(size), b'\n') => State::Data(size),
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::SizeFirst,
            _ => return None,
        })
    }

    fn head_ends(&mut self) -> Option<State> {
        let framing = self.fields.framing().ok()?;
        self.heads += 1;
        Some(match framing {
            Framing::Nothing => State::Start,
            Framing::Length(length) => State::Body(length),
            Framing::Chunked => State::SizeFirst,
            Framing::Tunnel => State::Tunnel,
        })
    }
}

/// Bits of [`CLASSES`]: what may stand in a request line, in a header's name, in its value.
const LINE: u8 = 1;
const NAME: u8 = 2;
const VALUE: u8 = 4;

static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        let class = &mut classes[byte as usize];
        // A fragment is for the client alone; a reader that cuts it off sees another target.
        if matches!(byte, 0x20..=0x7e) && byte != b'#' {
            *class |= LINE;
        }
        if is_token(byte) {
            *class |= NAME;
        }
        if is_value(byte) {
            *class |= VALUE;
        }
        if byte == u8::MAX {
            break classes;
        }
        byte += 1;
    }
};

/// How many bytes of a class `bytes` begins with.
fn leading(bytes: &[u8], class: u8) -> usize {
    let is_other = |byte: &u8| CLASSES[usize::from(*byte)] & class == 0;
    bytes.iter().position(is_other).unwrap_or(bytes.len())
}

/// The same of what a value may hold, eight at a time: most of a head is values.
fn leading_value(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    // The highest bit of a byte is set in the result where some byte is zero, or below a limit.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let control = |word: u64| word.wrapping_sub(ONES * 0x20) & !word;
    let mut at = 0;
    while let Some(word) = bytes[at..].first_chunk() {
        let word = u64::from_ne_bytes(*word);
        let bad = control(word) | zero(word ^ (ONES * 0x7f)) | zero(word ^ (ONES * 0x85));
        if bad & (ONES * 0x80) != 0 {
            break;
        }
        at += size_of::<u64>();
    }
    at + leading(&bytes[at..], VALUE)
}

fn ends_line(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\r\n")
}

/// `tchar` of RFC 9110 §5.6.2.
const fn is_token(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.')
        || matches!(byte, b'^' | b'_' | b'`' | b'|' | b'~')
}

/// What a value may hold: no control byte but the tab, and not 0x85, which some readers take for
/// the end of a line.
pub(crate) const fn is_value(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x20..=0x7e | 0x80..=0x84 | 0x86..=0xff)
}

fn hexadecimal(byte: u8) -> Option<u64> {
    char::from(byte).to_digit(16).map(u64::from)
}
