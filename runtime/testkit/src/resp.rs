//! A small blocking RESP2 client, for assertions about what stands in Redis.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use crate::stream::Stream;

/// How long one reply may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RespValue {
    /// `+OK`.
    Simple(String),
    /// `-ERR …`.
    Error(String),
    /// `:1`.
    Integer(i64),
    /// A string of bytes.
    Bulk(Vec<u8>),
    /// No value: the null bulk string, or the null array.
    Nil,
    /// A list of replies.
    Array(Vec<Self>),
}

impl RespValue {
    /// The number of an integer reply.
    ///
    /// # Panics
    /// If it is anything else, as all of these do.
    #[track_caller]
    pub fn int(&self) -> i64 {
        match self {
            Self::Integer(number) => *number,
            other => panic!("expected an integer, Redis replied {other:?}"),
        }
    }

    /// The bytes of a bulk or simple string.
    #[track_caller]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Bulk(bytes) => bytes,
            Self::Simple(text) => text.as_bytes(),
            other => panic!("expected a string, Redis replied {other:?}"),
        }
    }

    /// The text of a bulk or simple string.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(self.bytes()).unwrap_or_else(|_| panic!("expected UTF-8, Redis replied {self:?}"))
    }

    /// The items of an array.
    #[track_caller]
    pub fn items(&self) -> &[Self] {
        match self {
            Self::Array(items) => items,
            other => panic!("expected an array, Redis replied {other:?}"),
        }
    }

    /// The texts of an array of strings, as `KEYS` or `ZRANGE` reply.
    #[track_caller]
    pub fn texts(&self) -> Vec<&str> {
        self.items().iter().map(Self::text).collect()
    }
}

/// One connection to a Redis-compatible server on 127.0.0.1.
#[derive(Debug)]
pub struct RespClient {
    stream: Stream,
}

impl RespClient {
    /// Connects to `port`.
    pub fn connect(port: u16) -> io::Result<Self> {
        Ok(Self {
            stream: Stream::connect(port)?,
        })
    }

    /// Sends one command and reads its reply; an error reply is a value ([`RespValue::Error`]).
    pub fn command<A: AsRef<[u8]>>(&mut self, words: &[A]) -> io::Result<RespValue> {
        let mut request = format!("*{}\r\n", words.len()).into_bytes();
        for word in words.iter().map(AsRef::as_ref) {
            request.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            request.extend_from_slice(word);
            request.extend_from_slice(b"\r\n");
        }
        self.stream.write(&request)?;
        self.reply(Instant::now() + PATIENCE)
    }

    fn reply(&mut self, end: Instant) -> io::Result<RespValue> {
        let line = String::from_utf8(self.stream.take_until(b"\r\n", end)?)
            .map_err(|_| bad_reply("a line of bytes"))?;
        let (Some(kind), Some(rest)) = (line.get(..1), line.get(1..)) else {
            return Err(bad_reply(&line));
        };
        let number = || rest.parse::<i64>().map_err(|_| bad_reply(&line));
        Ok(match kind {
            "+" => RespValue::Simple(rest.to_owned()),
            "-" => RespValue::Error(rest.to_owned()),
            ":" => RespValue::Integer(number()?),
            "$" => match usize::try_from(number()?) {
                Ok(length) => {
                    let mut bytes = self.stream.take(length + 2, end)?;
                    bytes.truncate(length);
                    RespValue::Bulk(bytes)
                }
                Err(_) => RespValue::Nil,
            },
            "*" => match usize::try_from(number()?) {
                Ok(length) => {
                    RespValue::Array((0..length).map(|_| self.reply(end)).collect::<io::Result<_>>()?)
                }
                Err(_) => RespValue::Nil,
            },
            _ => return Err(bad_reply(&line)),
        })
    }
}

fn bad_reply(line: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("not a RESP2 reply: {line:?}"))
}
