//! What a `Host` may be.

use std::net::Ipv6Addr;

/// Whether `value` is `uri-host [":" port]` (RFC 9110 §7.2, RFC 3986 §3.2.2); an empty one is the
/// host of a client that has no name for us. What is otherwise must be refused (RFC 9112 §3.2):
/// two readers that cut it differently see two sites.
pub(super) fn is_host(value: &[u8]) -> bool {
    if value.is_empty() {
        return true;
    }
    let Ok(value) = std::str::from_utf8(value) else {
        return false;
    };
    match value.strip_prefix('[') {
        Some(rest) => rest.split_once(']').is_some_and(|(address, port)| {
            address.parse::<Ipv6Addr>().is_ok()
                && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
        }),
        None => {
            let (name, port) = value.split_once(':').unwrap_or((value, ""));
            !name.is_empty() && name.bytes().all(is_name_byte) && is_port(port)
        }
    }
}

/// `reg-name`: letters, digits, what is unreserved or a sub-delimiter, and percent signs.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=%".contains(&byte)
}

/// Digits up to 65535, or nothing.
fn is_port(text: &str) -> bool {
    text.is_empty() || (text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok())
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
