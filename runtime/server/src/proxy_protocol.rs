//! The PROXY protocol, versions 1 and 2: what a load balancer puts before a connection's own bytes
//! to say whose they are.
//!
//! A parser without I/O. Where the header is expected it must be there, and from trusted peers
//! only: it is never guessed from the bytes, or any client could name itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The longest header that is taken: one of version 2 may say that it is up to 64 KiB long, for
/// which there is no use.
pub const MAX_HEADER: usize = 4096;

/// The longest line of version 1, with its end.
const MAX_LINE: usize = 107;

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family, length.
const FIXED: usize = 16;

/// A whole header.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// Its bytes; what follows is the connection's own.
    pub len: usize,
    /// The client's end, and the end it connected to. `None` where the balancer speaks for itself
    /// (a health check), or of a client without IP addresses.
    pub ends: Option<(SocketAddr, SocketAddr)>,
    /// Whether the client came to the balancer through TLS, where the header says so (version 2).
    pub secure: bool,
}

/// What is no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The bytes begin neither version.
    #[error("there is no PROXY header")]
    Missing,
    /// They begin one that is broken.
    #[error("the PROXY header is malformed")]
    Malformed,
    /// It is longer than [`MAX_HEADER`], or a line of version 1 longer than 107 bytes.
    #[error("the PROXY header is too long")]
    TooLong,
}

/// The header that `bytes` begin with; `None` where more of it must come first.
///
/// # Errors
/// [`HeaderError`], as soon as the bytes cannot become a header.
pub fn parse(bytes: &[u8]) -> Result<Option<Header>, HeaderError> {
    match bytes.first() {
        None => Ok(None),
        Some(b'P') => version_1(bytes),
        Some(b'\r') => version_2(bytes),
        Some(_) => Err(HeaderError::Missing),
    }
}

fn version_1(bytes: &[u8]) -> Result<Option<Header>, HeaderError> {
    const BEGIN: &[u8] = b"PROXY ";
    let begin = bytes.len().min(BEGIN.len());
    if bytes[..begin] != BEGIN[..begin] {
        return Err(HeaderError::Missing);
    }
    let line = &bytes[..bytes.len().min(MAX_LINE)];
    let Some(end) = line.iter().position(|byte| *byte == b'\n') else {
        return if line.len() == MAX_LINE {
            Err(HeaderError::TooLong)
        } else {
            Ok(None)
        };
    };
    let line = line[..end].strip_suffix(b"\r").ok_or(HeaderError::Malformed)?;
    let line = std::str::from_utf8(line).map_err(|_| HeaderError::Malformed)?;
    let mut words = line.split(' ').skip(1);
    let ends = match words.next() {
        // Whatever else the line says is to be ignored.
        Some("UNKNOWN") => None,
        Some(family @ ("TCP4" | "TCP6")) => {
            let ends = addresses(family == "TCP4", words);
            Some(ends.ok_or(HeaderError::Malformed)?)
        }
        _ => return Err(HeaderError::Malformed),
    };
    let (len, secure) = (end + 1, false);
    Ok(Some(Header { len, ends, secure }))
}

fn addresses<'a>(v4: bool, words: impl Iterator<Item = &'a str>) -> Option<(SocketAddr, SocketAddr)> {
    let words: Vec<_> = words.take(5).collect();
    let [from, to, from_port, to_port] = words[..] else {
        return None;
    };
    let address = |text: &str| match v4 {
        true => text.parse::<Ipv4Addr>().ok().map(IpAddr::from),
        false => text.parse::<Ipv6Addr>().ok().map(IpAddr::from),
    };
    let port = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| digits)
    };
    let from = SocketAddr::new(address(from)?, port(from_port)?);
    Some((from, SocketAddr::new(address(to)?, port(to_port)?)))
}

fn version_2(bytes: &[u8]) -> Result<Option<Header>, HeaderError> {
    let begin = bytes.len().min(SIGNATURE.len());
    if bytes[..begin] != SIGNATURE[..begin] {
        return Err(HeaderError::Missing);
    }
    let Some((fixed, rest)) = bytes.split_first_chunk::<FIXED>() else {
        return Ok(None);
    };
    let [.., command, family, high, low] = *fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let len = FIXED + length;
    if len > MAX_HEADER {
        return Err(HeaderError::TooLong);
    }
    if !matches!(command, 0x20 | 0x21) {
        return Err(HeaderError::Malformed);
    }
    let Some(payload) = rest.get(..length) else {
        return Ok(None);
    };
    let local = command == 0x20;
    let parsed = if local {
        Some((None, &[][..]))
    } else {
        client(family, payload)
    };
    let (ends, fields) = parsed.ok_or(HeaderError::Malformed)?;
    let secure = secure(fields).ok_or(HeaderError::Malformed)?;
    Ok(Some(Header { len, ends, secure }))
}

type Ends = Option<(SocketAddr, SocketAddr)>;

/// The addresses of a stream, and the fields behind them.
fn client(family: u8, payload: &[u8]) -> Option<(Ends, &[u8])> {
    match family {
        0x00 => Some((None, &[])),
        0x11 => {
            let (block, rest) = payload.split_first_chunk::<12>()?;
            let address = |at: usize| IpAddr::from([block[at], block[at + 1], block[at + 2], block[at + 3]]);
            let ends = ends(address(0), address(4), &block[8..]);
            Some((Some(ends), rest))
        }
        0x21 => {
            let (block, rest) = payload.split_first_chunk::<36>()?;
            let (from, to) = (block.first_chunk::<16>()?, block[16..].first_chunk::<16>()?);
            let ends = ends(IpAddr::from(*from), IpAddr::from(*to), &block[32..]);
            Some((Some(ends), rest))
        }
        // Two paths of UNIX sockets.
        0x31 => Some((None, payload.get(216..)?)),
        // Datagrams do not come by a stream.
        _ => None,
    }
}

fn ends(from: IpAddr, to: IpAddr, ports: &[u8]) -> (SocketAddr, SocketAddr) {
    let port = |at: usize| u16::from_be_bytes([ports[at], ports[at + 1]]);
    (SocketAddr::new(from, port(0)), SocketAddr::new(to, port(2)))
}

/// Whether the fields (type, length, value) say TLS; `None` where they are broken.
fn secure(mut fields: &[u8]) -> Option<bool> {
    const SSL: u8 = 0x20;
    const CLIENT_SSL: u8 = 0x01;
    let mut secure = false;
    while let Some((&[kind, high, low], rest)) = fields.split_first_chunk::<3>() {
        let length = usize::from(u16::from_be_bytes([high, low]));
        let (value, rest) = rest.split_at_checked(length)?;
        secure |= kind == SSL && value.first()? & CLIENT_SSL != 0;
        fields = rest;
    }
    fields.is_empty().then_some(secure)
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";
    const V6: &[u8] = b"PROXY TCP6 2001:db8::7 2001:db8::1 65535 0\r\n";

    fn v2(command: u8, family: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([command, family]);
        bytes.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        bytes.extend(payload);
        bytes
    }

    const BLOCK_4: &[u8] = &[192, 0, 2, 7, 198, 51, 100, 1, 0xdc, 0x04, 1, 0xbb];

    fn ends(from: &str, to: &str) -> Ends {
        Some((from.parse().unwrap(), to.parse().unwrap()))
    }

    #[test]
    fn whole_headers_are_understood_and_what_follows_is_left() {
        let block_6 = [
            &[0x20, 1, 0xd, 0xb8][..],
            &[0; 11],
            &[7, 0x20, 1, 0xd, 0xb8],
            &[0; 11],
            &[1, 0xff, 0xff, 0, 0],
        ]
        .concat();
        let (four, six) = (
            ends("192.0.2.7:56324", "198.51.100.1:443"),
            ends("[2001:db8::7]:65535", "[2001:db8::1]:0"),
        );
        for (header, expected) in [
            (V4.to_vec(), four),
            (V6.to_vec(), six),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN whatever \xc3\xa4 it is\r\n".to_vec(), None),
            (v2(0x21, 0x11, BLOCK_4), four),
            (v2(0x21, 0x21, &block_6), six),
            (v2(0x21, 0x00, b"x"), None),
            (v2(0x21, 0x31, &[0; 216]), None),
            (v2(0x20, 0x11, b"whatever"), None),
        ] {
            for end in 0..header.len() {
                assert_eq!(parse(&header[..end]), Ok(None), "{end} bytes of {header:?}");
            }
            let bytes = [&header[..], b"GET / HTTP/1.1\r\n"].concat();
            let parsed = parse(&bytes).unwrap().unwrap();
            assert_eq!((parsed.len, parsed.ends), (header.len(), expected));
            assert!(!parsed.secure);
        }
    }

    #[test]
    fn the_fields_of_version_2_say_whether_the_client_spoke_tls() {
        let header = |fields: &[u8]| parse(&v2(0x21, 0x11, &[BLOCK_4, fields].concat()));
        let secure = |fields: &[u8]| header(fields).unwrap().unwrap().secure;
        assert!(secure(&[0x04, 0, 1, 0, 0x20, 0, 5, 1, 0, 0, 0, 0]));
        assert!(!secure(&[0x20, 0, 5, 0, 0, 0, 0, 0]));
        assert!(!secure(&[0x04, 0, 0]));
        for broken in [&[0x20, 0, 5, 1][..], &[0x20, 0, 0], &[0x20, 0], &[4]] {
            assert_eq!(header(broken), Err(HeaderError::Malformed), "{broken:?}");
        }
    }

    #[test]
    fn what_is_no_header_is_refused_as_early_as_can_be() {
        for missing in [
            "G",
            "GET / HTTP/1.1\r\n",
            "PRI * HTTP/2.0",
            "PROXY\r\n",
            "\r\n\r\n\r",
            "\0",
        ] {
            assert_eq!(parse(missing.as_bytes()), Err(HeaderError::Missing), "{missing}");
        }
        for malformed in [
            "PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443 1\r\n",
            "PROXY TCP4 192.0.2.7  198.51.100.1 56324 443\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 56324 65536\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 +6324 443\r\n",
            "PROXY TCP4 192.0.2.256 198.51.100.1 1 2\r\n",
            "PROXY TCP4 ::1 ::1 1 2\r\n",
            "PROXY TCP6 192.0.2.7 198.51.100.1 1 2\r\n",
            "PROXY tcp4 192.0.2.7 198.51.100.1 1 2\r\n",
            "PROXY UNKNOWN\n",
            "PROXY \r\n",
        ] {
            assert_eq!(
                parse(malformed.as_bytes()),
                Err(HeaderError::Malformed),
                "{malformed}"
            );
        }
        let long = format!("PROXY UNKNOWN {}", "x".repeat(107));
        assert_eq!(parse(long.as_bytes()), Err(HeaderError::TooLong));
        assert_eq!(
            parse(&v2(0x21, 0x11, &[0; 4081])[..16]),
            Err(HeaderError::TooLong)
        );
        for (command, family) in [(0x22, 0x11), (0x11, 0x11), (0x21, 0x12), (0x21, 0x41)] {
            assert_eq!(parse(&v2(command, family, BLOCK_4)), Err(HeaderError::Malformed));
        }
        assert_eq!(parse(&v2(0x21, 0x11, &BLOCK_4[1..])), Err(HeaderError::Malformed));
        assert_eq!(parse(&v2(0x21, 0x31, &[0; 215])), Err(HeaderError::Malformed));
    }
}
