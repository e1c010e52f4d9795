//! A scanner over JSON bytes: whitespace, words, numbers and texts.

use bytes::Bytes;

use super::DecodeError;
use crate::value::{Str, Value};

/// Where a reader stands in its input.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    input: &'a Bytes,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// Begins behind a byte order mark, if there is one.
    pub(super) fn new(input: &'a Bytes) -> Self {
        let at = if input.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self { input, at }
    }

    pub(super) const fn position(&self) -> usize {
        self.at
    }

    /// The next byte behind whitespace, unread.
    pub(super) fn peek(&mut self) -> Option<u8> {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        self.byte()
    }

    /// Reads `wanted`, if it is the next byte behind whitespace.
    pub(super) fn take(&mut self, wanted: u8) -> bool {
        let taken = self.peek() == Some(wanted);
        self.at += usize::from(taken);
        taken
    }

    /// Reads `wanted`, or says what stands there instead.
    pub(super) fn expect(&mut self, wanted: u8, what: &'static str) -> Result<(), DecodeError> {
        if self.take(wanted) {
            return Ok(());
        }
        Err(self.unexpected(what))
    }

    /// Checks that nothing but whitespace follows.
    pub(super) fn finish(&mut self) -> Result<(), DecodeError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(DecodeError::Trailing { at: self.at }),
        }
    }

    pub(super) const fn unexpected(&self, expected: &'static str) -> DecodeError {
        DecodeError::Syntax {
            expected,
            at: self.at,
        }
    }

    /// Reads a word or a number: whatever is no text and no container.
    pub(super) fn scalar(&mut self) -> Result<Value, DecodeError> {
        for (word, value) in [
            ("null", Value::Nil),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ] {
            if self.input[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        self.number()
    }

    /// Python's order: as many digits, then as much of a fraction, then as much of an exponent as make sense; what
    /// does not is left for whoever reads on.
    fn number(&mut self) -> Result<Value, DecodeError> {
        let start = self.at;
        let mut end = start + usize::from(self.byte() == Some(b'-'));
        end = match self.input.get(end) {
            Some(b'0') => end + 1,
            Some(b'1'..=b'9') => self.digits(end),
            _ => return Err(self.unexpected("a value")),
        };
        let integer_end = end;
        if self.input.get(end) == Some(&b'.') && self.digits(end + 1) > end + 1 {
            end = self.digits(end + 1);
        }
        if matches!(self.input.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.input.get(end + 1), Some(b'+' | b'-')));
            let exponent = end + 1 + sign;
            if self.digits(exponent) > exponent {
                end = self.digits(exponent);
            }
        }
        self.at = end;
        let text = std::str::from_utf8(&self.input[start..end]).expect("only ASCII was taken");
        if end > integer_end {
            return Ok(Value::Float(
                text.parse().expect("Rust reads every float of JSON"),
            ));
        }
        text.parse::<i64>()
            .map(Value::from)
            .or_else(|_| text.parse::<u64>().map(Value::from))
            .map_err(|_| DecodeError::IntegerRange { at: start })
    }

    /// Where the digits that begin at `at` end.
    fn digits(&self, at: usize) -> usize {
        let digits = self
            .input
            .iter()
            .skip(at)
            .take_while(|byte| byte.is_ascii_digit());
        at + digits.count()
    }

    /// Reads a text behind its opening quote. Without an escape in it, it is a slice of the input.
    pub(super) fn text(&mut self) -> Result<Str, DecodeError> {
        let start = self.at;
        self.plain()?;
        if self.byte() == Some(b'"') {
            let slice = self.input.slice(start..self.at);
            self.at += 1;
            return Str::try_from(slice).map_err(|source| DecodeError::Utf8 { at: start, source });
        }
        let mut out = self.input[start..self.at].to_vec();
        loop {
            match self.next("the end of a text")? {
                b'"' => break,
                // `plain` stops at nothing else.
                _ => {
                    let char = self.escape()?;
                    out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
            let run = self.at;
            self.plain()?;
            out.extend_from_slice(&self.input[run..self.at]);
        }
        Str::try_from(Bytes::from(out)).map_err(|source| DecodeError::Utf8 { at: start, source })
    }

    /// Reads up to the next quote or backslash.
    fn plain(&mut self) -> Result<(), DecodeError> {
        loop {
            match self.byte() {
                None => return Err(self.unexpected("the end of a text")),
                Some(b'"' | b'\\') => return Ok(()),
                Some(0..=0x1f) => return Err(DecodeError::ControlCharacter { at: self.at }),
                Some(_) => self.at += 1,
            }
        }
    }

    /// Reads an escape behind its backslash.
    fn escape(&mut self) -> Result<char, DecodeError> {
        let at = self.at - 1;
        Ok(match self.next("an escape")? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.hex()?;
                let pair = matches!(unit, 0xd800..0xdc00) && self.input[self.at..].starts_with(b"\\u");
                let units = if pair {
                    self.at += 2;
                    [unit, self.hex()?]
                } else {
                    // A zero behind it changes nothing about the first character.
                    [unit, 0]
                };
                char::decode_utf16(units)
                    .next()
                    .and_then(Result::ok)
                    .ok_or(DecodeError::LoneSurrogate { at })?
            }
            _ => return Err(DecodeError::Escape { at }),
        })
    }

    /// Reads four hexadecimal digits.
    fn hex(&mut self) -> Result<u16, DecodeError> {
        let at = self.at;
        (0..4).try_fold(0, |unit, _| {
            let digit = char::from(self.next("four hexadecimal digits")?).to_digit(16);
            digit
                .map(|digit| unit << 4 | digit as u16)
                .ok_or(DecodeError::Escape { at: at - 2 })
        })
    }

    fn next(&mut self, expected: &'static str) -> Result<u8, DecodeError> {
        let byte = self.byte().ok_or_else(|| self.unexpected(expected))?;
        self.at += 1;
        Ok(byte)
    }

    fn byte(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }
}
