//! The responses of HTTP/1.1 (RFC 9112), as far as one has to read them to know where they end.

use memchr::memmem;
use thiserror::Error;

/// A response that this client does not understand.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// No status line.
    #[error("this is no HTTP/1.1 response: {0:?}")]
    NoStatus(String),
    /// Its end would be the connection's.
    #[error("the response has neither content-length nor chunks: it cannot be kept alive")]
    NoLength,
    /// Not a number.
    #[error("the response's length is no number: {0:?}")]
    Length(String),
}

/// A whole response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// Where the next one starts.
    pub end: usize,
}

/// The response at the start of `bytes`, body and all; `None` until all of it is there.
///
/// # Errors
/// [`ResponseError`].
pub fn response(bytes: &[u8]) -> Result<Option<Response>, ResponseError> {
    let Some(head) = memmem::find(bytes, b"\r\n\r\n") else {
        return Ok(None);
    };
    let status = bytes
        .strip_prefix(b"HTTP/1.1 ")
        .and_then(|rest| std::str::from_utf8(rest.get(..3)?).ok()?.parse().ok())
        .ok_or_else(|| ResponseError::NoStatus(text(&bytes[..head.min(80)])))?;
    let body = head + 4;
    let end = match length(&bytes[..head])? {
        Some(length) => body.saturating_add(length),
        None => match chunks(&bytes[body..])? {
            Some(length) => body + length,
            None => return Ok(None),
        },
    };
    Ok((end <= bytes.len()).then_some(Response { status, end }))
}

/// The body's length; `None` for chunks.
fn length(head: &[u8]) -> Result<Option<usize>, ResponseError> {
    let mut chunked = false;
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        if let Some(value) = value(line, b"content-length") {
            let parsed = std::str::from_utf8(value)
                .ok()
                .and_then(|value| value.trim().parse().ok());
            return parsed.map(Some).ok_or_else(|| ResponseError::Length(text(value)));
        }
        chunked |=
            value(line, b"transfer-encoding").is_some_and(|value| value.trim_ascii().ends_with(b"chunked"));
    }
    if chunked {
        Ok(None)
    } else {
        Err(ResponseError::NoLength)
    }
}

fn value<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let found = line.get(..name.len())?.eq_ignore_ascii_case(name);
    if !found {
        return None;
    }
    line[name.len()..].strip_prefix(b":")
}

/// The length of a chunked body, with its last chunk; `None` until it is there.
fn chunks(bytes: &[u8]) -> Result<Option<usize>, ResponseError> {
    let mut at = 0;
    loop {
        let Some(line) = memmem::find(&bytes[at..], b"\r\n") else {
            return Ok(None);
        };
        let size = text(&bytes[at..at + line]);
        let digits = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(digits, 16).map_err(|_| ResponseError::Length(digits.to_owned()))?;
        at += line + 2;
        if size == 0 {
            // Trailers, if any, end with an empty line.
            let end = if bytes[at..].starts_with(b"\r\n") {
                Some(at + 2)
            } else {
                memmem::find(&bytes[at..], b"\r\n\r\n").map(|trailers| at + trailers + 4)
            };
            return Ok(end);
        }
        at = at.saturating_add(size).saturating_add(2);
        if at > bytes.len() {
            return Ok(None);
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_with_a_length_ends_there() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\n\r\nhiHTTP";
        let whole = response(bytes).unwrap().unwrap();
        assert_eq!((whole.status, whole.end), (200, bytes.len() - 4));
        assert_eq!(response(&bytes[..bytes.len() - 5]), Ok(None));
    }

    #[test]
    fn a_response_in_chunks_ends_with_the_empty_one() {
        let bytes = b"HTTP/1.1 404 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
        for length in 0..bytes.len() {
            assert_eq!(response(&bytes[..length]), Ok(None), "{length}");
        }
        assert_eq!(response(bytes).unwrap().unwrap().end, bytes.len());
    }

    #[test]
    fn what_has_no_end_is_an_error() {
        assert_eq!(response(b"HTTP/1.1 200 OK\r\n\r\n"), Err(ResponseError::NoLength));
        assert!(matches!(
            response(b"SSH-2.0\r\n\r\n"),
            Err(ResponseError::NoStatus(_))
        ));
    }
}
