//! HTTP responses as they stand on the wire.

use std::io::{self, ErrorKind};
use std::time::Instant;

use crate::stream::Stream;

/// A response whose body was read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The status line, e.g. `HTTP/1.1 200 OK`.
    pub status_line: String,
    /// The headers in the order of the wire; names as they were written.
    pub headers: Vec<(String, String)>,
    /// The body, chunks joined.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text; bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Reads the head and leaves the body on the stream.
    pub(crate) fn read_head(stream: &mut Stream, end: Instant) -> io::Result<Self> {
        let head = String::from_utf8_lossy(&stream.take_until(b"\r\n\r\n", end)?).into_owned();
        let mut lines = head.split("\r\n");
        let status_line = lines.next().unwrap_or_default().to_owned();
        let mut words = status_line.split(' ');
        let is_http = words.next().is_some_and(|version| version.starts_with("HTTP/1."));
        let status = words
            .next()
            .and_then(|code| code.parse().ok())
            .filter(|_| is_http);
        let status = status.ok_or_else(|| malformed(&status_line))?;
        let split = |line: &str| {
            line.split_once(':')
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        };
        let headers = lines
            .map(|line| split(line).ok_or_else(|| malformed(line)))
            .collect::<io::Result<_>>()?;
        Ok(Self {
            status,
            status_line,
            headers,
            body: Vec::new(),
        })
    }

    /// Reads the body that the head announces (RFC 9112, section 6.3).
    pub(crate) fn read_body(&mut self, stream: &mut Stream, end: Instant) -> io::Result<()> {
        let chunked = self
            .header("transfer-encoding")
            .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        let length = self
            .header("content-length")
            .map(|length| length.parse().map_err(|_| malformed(length)));
        self.body = match (self.status, length.transpose()?) {
            (100..=199 | 204 | 304, _) => Vec::new(),
            _ if chunked => read_chunks(stream, end)?,
            (_, Some(length)) => stream.take(length, end)?,
            (_, None) => stream.take_rest(end)?,
        };
        Ok(())
    }
}

fn read_chunks(stream: &mut Stream, end: Instant) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = String::from_utf8_lossy(&stream.take_until(b"\r\n", end)?).into_owned();
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| malformed(&line))?;
        if size == 0 {
            break;
        }
        body.extend(stream.take(size, end)?);
        if stream.take(2, end)? != b"\r\n" {
            return Err(malformed("a chunk without its end"));
        }
    }
    // Trailers, up to the empty line.
    while !stream.take_until(b"\r\n", end)?.is_empty() {}
    Ok(body)
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(
        ErrorKind::InvalidData,
        format!("malformed HTTP response: {what:?}"),
    )
}
