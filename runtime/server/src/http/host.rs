//! What a `Host` may be.

use std::net::Ipv6Addr;

/// Whether `value` is `uri-host [":" port]` (RFC 9110 §7.2, RFC 3986 §3.2.2); an empty one is the
/// host of a client that has no name for us. What is otherwise must be refused (RFC 9112 §3.2):
/// two readers that cut it differently see two sites.
pub(super) fn is_host(value: &[u8]) -> bool {
    if value.is_empty() {
        return true;
    }
    if let Some(rest) = value.strip_prefix(b"[") {
        return is_bracketed(rest);
    }
    let name = value.iter().position(|byte| !NAME[usize::from(*byte)]);
    let (name, port) = value.split_at(name.unwrap_or(value.len()));
    !name.is_empty() && is_end(port)
}

/// An address of version 6, and what follows its first bracket.
fn is_bracketed(rest: &[u8]) -> bool {
    let Some(end) = rest.iter().position(|byte| *byte == b']') else {
        return false;
    };
    let (address, end) = (&rest[..end], &rest[end + 1..]);
    let address = std::str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok());
    address && is_end(end)
}

/// What `reg-name` is made of: letters, digits, what is unreserved or a sub-delimiter, and percent
/// signs.
static NAME: [bool; 256] = {
    let mut name = [false; 256];
    let mut byte = 0_u8;
    loop {
        name[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'%'..=b',' | b';' | b'='
            );
        if byte == u8::MAX {
            break name;
        }
        byte += 1;
    }
};

/// Nothing, or a colon and a port: digits up to 65535, or none.
fn is_end(end: &[u8]) -> bool {
    let Some((colon, digits)) = end.split_first() else {
        return true;
    };
    let port = digits.iter().try_fold(0_u32, |port, digit| {
        let next = port * 10 + u32::from(digit.wrapping_sub(b'0'));
        (digit.is_ascii_digit() && next <= 65535).then_some(next)
    });
    *colon == b':' && port.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_a_port_or_none() {
        for good in [
            "",
            "x",
            "x:",
            "x:80",
            "example.org.",
            "my_service:65535",
            "127.0.0.1:8000",
            "[::1]",
            "[::1]:",
            "[2001:db8::1]:443",
            "[::ffff:127.0.0.1]",
            "xn--caf-dma.example",
            "a%20b",
            "a-._~!$&'()*+,;=",
            "x:00080",
        ] {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for bad in [
            ":80",
            "x:65536",
            "x:+80",
            "x:80:81",
            "x:y",
            "eve@x",
            "x/y",
            "x?y",
            "x#y",
            "x y",
            "x, y",
            "x\\y",
            "::1",
            "[::1",
            "[x]",
            "[::1]80",
            "[::1]:y",
            "[]",
            "[fe80::1%25eth0]",
            "<x>",
            "caf\u{e9}",
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
        assert!(!is_host(b"\xff"));
    }
}
