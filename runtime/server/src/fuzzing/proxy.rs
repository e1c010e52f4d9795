//! The PROXY protocol.

use crate::proxy_protocol::{MAX_HEADER, parse};

/// `data` is what a connection begins with. A header is the same with fewer bytes behind it and
/// none, and is not seen before it is whole; what is no header does not become one with more bytes.
pub fn proxy_protocol(data: &[u8]) {
    let whole = parse(data);
    if let Ok(Some(header)) = &whole {
        assert!(header.len > 0 && header.len <= data.len().min(MAX_HEADER));
        assert_eq!(parse(&data[..header.len]), whole);
        for end in 0..header.len {
            assert_eq!(parse(&data[..end]), Ok(None), "of its first {end} bytes");
        }
        return;
    }
    let mut failed = false;
    for end in 0..=data.len().min(2 * MAX_HEADER) {
        match parse(&data[..end]) {
            Ok(Some(_)) => panic!("the first {end} bytes are a header, and with more they are not"),
            Ok(None) => assert!(!failed, "an error is taken back after {end} bytes"),
            Err(_) => failed = true,
        }
    }
}
