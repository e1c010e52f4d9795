//! A walk over msgpack bytes that allocates nothing.

use rmp::Marker;

use super::{DecodeError, MAX_DEPTH};

/// The head of one value, or all of it where it has no elements. Text is not yet checked to be UTF-8.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Token<'a> {
    Nil,
    Bool(bool),
    Int(i64),
    UInt(u64),
    Float(f64),
    Str(&'a [u8]),
    Bin(&'a [u8]),
    Ext(i8, &'a [u8]),
    /// This many values follow.
    Array(usize),
    /// This many pairs of values follow.
    Map(usize),
}

impl Token<'_> {
    /// As [`Value::kind`](crate::Value::kind).
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Nil => "NoneType",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::UInt(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::Bin(_) => "bytes",
            Self::Array(_) => "list",
            Self::Map(_) => "dict",
            Self::Ext(..) => "ExtType",
        }
    }
}

/// A map's key. Text is not yet checked to be UTF-8.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Key<'a> {
    Str(&'a [u8]),
    Bin(&'a [u8]),
}

/// Where a reader stands in its input.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    input: &'a [u8],
    at: usize,
    /// Whether a 32-bit float came by, which Python reads but never writes.
    float32: bool,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(input: &'a [u8]) -> Self {
        Self {
            input,
            at: 0,
            float32: false,
        }
    }

    /// How many bytes have been read.
    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    pub(crate) const fn saw_float32(&self) -> bool {
        self.float32
    }

    /// Reads one token; the elements of an array or a map are the tokens after it.
    pub(crate) fn token(&mut self) -> Result<Token<'a>, DecodeError> {
        let at = self.at;
        let [marker] = self.fixed()?;
        Ok(match Marker::from_u8(marker) {
            Marker::Null => Token::Nil,
            Marker::False => Token::Bool(false),
            Marker::True => Token::Bool(true),
            Marker::FixPos(int) => Token::Int(int.into()),
            Marker::FixNeg(int) => Token::Int(int.into()),
            Marker::U8 => Token::Int(u8::from_be_bytes(self.fixed()?).into()),
            Marker::U16 => Token::Int(u16::from_be_bytes(self.fixed()?).into()),
            Marker::U32 => Token::Int(u32::from_be_bytes(self.fixed()?).into()),
            Marker::U64 => {
                let int = u64::from_be_bytes(self.fixed()?);
                i64::try_from(int).map_or(Token::UInt(int), Token::Int)
            }
            Marker::I8 => Token::Int(i8::from_be_bytes(self.fixed()?).into()),
            Marker::I16 => Token::Int(i16::from_be_bytes(self.fixed()?).into()),
            Marker::I32 => Token::Int(i32::from_be_bytes(self.fixed()?).into()),
            Marker::I64 => Token::Int(i64::from_be_bytes(self.fixed()?)),
            Marker::F32 => {
                self.float32 = true;
                Token::Float(f32::from_be_bytes(self.fixed()?).into())
            }
            Marker::F64 => Token::Float(f64::from_be_bytes(self.fixed()?)),
            Marker::FixStr(len) => Token::Str(self.take(len.into())?),
            Marker::Str8 => Token::Str(self.sized::<1>()?),
            Marker::Str16 => Token::Str(self.sized::<2>()?),
            Marker::Str32 => Token::Str(self.sized::<4>()?),
            Marker::Bin8 => Token::Bin(self.sized::<1>()?),
            Marker::Bin16 => Token::Bin(self.sized::<2>()?),
            Marker::Bin32 => Token::Bin(self.sized::<4>()?),
            Marker::FixArray(len) => self.array(len.into())?,
            Marker::Array16 => self.counted::<2>().and_then(|len| self.array(len))?,
            Marker::Array32 => self.counted::<4>().and_then(|len| self.array(len))?,
            Marker::FixMap(len) => self.map(len.into())?,
            Marker::Map16 => self.counted::<2>().and_then(|len| self.map(len))?,
            Marker::Map32 => self.counted::<4>().and_then(|len| self.map(len))?,
            Marker::FixExt1 => self.ext(1)?,
            Marker::FixExt2 => self.ext(2)?,
            Marker::FixExt4 => self.ext(4)?,
            Marker::FixExt8 => self.ext(8)?,
            Marker::FixExt16 => self.ext(16)?,
            Marker::Ext8 => self.counted::<1>().and_then(|len| self.ext(len))?,
            Marker::Ext16 => self.counted::<2>().and_then(|len| self.ext(len))?,
            Marker::Ext32 => self.counted::<4>().and_then(|len| self.ext(len))?,
            Marker::Reserved => return Err(DecodeError::Reserved { at }),
        })
    }

    /// Reads a map's key.
    pub(crate) fn key(&mut self) -> Result<Key<'a>, DecodeError> {
        let at = self.at;
        match self.token()? {
            Token::Str(text) => Ok(Key::Str(text)),
            Token::Bin(bytes) => Ok(Key::Bin(bytes)),
            other => Err(DecodeError::Key {
                kind: other.kind(),
                at,
            }),
        }
    }

    /// Reads one whole value and checks everything [`decode`](super::decode) checks.
    ///
    /// `depth` is how many containers may still stand inside each other: [`MAX_DEPTH`] at the top.
    pub(crate) fn skip(&mut self, depth: usize) -> Result<(), DecodeError> {
        match self.token()? {
            Token::Str(text) => self.utf8(text).map(drop),
            Token::Array(len) => {
                let depth = self.descend(depth)?;
                (0..len).try_for_each(|_| self.skip(depth))
            }
            Token::Map(len) => {
                let depth = self.descend(depth)?;
                (0..len).try_for_each(|_| {
                    if let Key::Str(text) = self.key()? {
                        self.utf8(text)?;
                    }
                    self.skip(depth)
                })
            }
            _ => Ok(()),
        }
    }

    /// Skips a value, if it is written as this one, which was checked before and holds no float. Whether it is.
    pub(crate) fn skip_known(&mut self, value: &[u8]) -> bool {
        let known = self.input[self.at..].starts_with(value);
        if known {
            self.at += value.len();
        }
        known
    }

    /// Takes one level off `depth`, at a container that was just opened.
    pub(crate) fn descend(&self, depth: usize) -> Result<usize, DecodeError> {
        depth.checked_sub(1).ok_or(DecodeError::TooDeep {
            limit: MAX_DEPTH,
            at: self.at,
        })
    }

    /// The text of a token that was just read.
    pub(crate) fn utf8(&self, text: &'a [u8]) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(text).map_err(|source| DecodeError::Utf8 {
            at: self.at - text.len(),
            source,
        })
    }

    /// Checks that nothing follows.
    pub(crate) const fn finish(&self) -> Result<(), DecodeError> {
        match self.input.len() - self.at {
            0 => Ok(()),
            trailing => Err(DecodeError::Trailing {
                trailing,
                at: self.at,
            }),
        }
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let rest = &self.input[self.at..];
        let taken = rest.get(..len).ok_or(DecodeError::Truncated {
            len: self.input.len(),
        })?;
        self.at += len;
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let taken = self.take(N)?;
        Ok(taken.try_into().expect("take() returned N bytes"))
    }

    /// A big-endian length of N bytes.
    fn counted<const N: usize>(&mut self) -> Result<usize, DecodeError> {
        let bytes = self.fixed::<N>()?;
        Ok(bytes.iter().fold(0, |len, byte| len << 8 | usize::from(*byte)))
    }

    fn sized<const N: usize>(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.counted::<N>()?;
        self.take(len)
    }

    fn ext(&mut self, len: usize) -> Result<Token<'a>, DecodeError> {
        let code = i8::from_be_bytes(self.fixed()?);
        Ok(Token::Ext(code, self.take(len)?))
    }

    fn array(&self, len: usize) -> Result<Token<'a>, DecodeError> {
        self.expect_values(len).map(|()| Token::Array(len))
    }

    fn map(&self, len: usize) -> Result<Token<'a>, DecodeError> {
        self.expect_values(len.saturating_mul(2))
            .map(|()| Token::Map(len))
    }

    /// Every value takes a byte at least, so a count beyond the bytes that are left is a lie: say so before anybody
    /// allocates for it.
    const fn expect_values(&self, count: usize) -> Result<(), DecodeError> {
        if count > self.input.len() - self.at {
            return Err(DecodeError::Truncated {
                len: self.input.len(),
            });
        }
        Ok(())
    }
}
