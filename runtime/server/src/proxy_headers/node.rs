//! One hop of a chain, as proxies write it.

use std::net::IpAddr;

/// A client or proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) ip: IpAddr,
    pub(super) port: Option<u16>,
}

impl Node {
    /// Reads `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` and `[2001:db8::1]:80`, also
    /// with a zone (`fe80::1%eth0`), which is left out. Names, `unknown` and the like are `None`.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text.trim_ascii()).ok()?;
        if let Some(text) = text.strip_prefix('[') {
            let (host, behind) = text.split_once(']')?;
            let port = match behind.strip_prefix(':') {
                Some(text) => port(text),
                None if behind.is_empty() => None,
                None => return None,
            };
            return Some(Self {
                ip: address(host)?,
                port,
            });
        }
        match text.split_once(':') {
            // More than one colon: IPv6 without brackets, which leaves no place for a port.
            Some((host, text)) if !text.contains(':') => Some(Self {
                ip: IpAddr::V4(host.parse().ok()?),
                port: port(text),
            }),
            _ => Some(Self {
                ip: address(text)?,
                port: None,
            }),
        }
    }
}

fn address(text: &str) -> Option<IpAddr> {
    let ip: IpAddr = text.split('%').next()?.parse().ok()?;
    // Zones are IPv6's alone.
    (ip.is_ipv6() || !text.contains('%')).then_some(ip)
}

/// RFC 7239 §6.2 lets proxies hide ports, too (`_secret`): then the address still counts.
fn port(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_with_and_without_ports() {
        for (text, expected) in [
            ("192.0.2.1", Some(("192.0.2.1", None))),
            (" 192.0.2.1\t", Some(("192.0.2.1", None))),
            ("192.0.2.1:80", Some(("192.0.2.1", Some(80)))),
            ("192.0.2.1:_x", Some(("192.0.2.1", None))),
            ("192.0.2.1:99999", Some(("192.0.2.1", None))),
            ("2001:db8::1", Some(("2001:db8::1", None))),
            ("[2001:db8::1]", Some(("2001:db8::1", None))),
            ("[2001:db8::1]:80", Some(("2001:db8::1", Some(80)))),
            ("[2001:db8::1]:+8", Some(("2001:db8::1", None))),
            ("fe80::1%eth0", Some(("fe80::1", None))),
            ("[fe80::1%25eth0]:1", Some(("fe80::1", Some(1)))),
            ("::ffff:192.0.2.1", Some(("::ffff:192.0.2.1", None))),
            ("", None),
            ("unknown", None),
            ("_hidden", None),
            ("example.org:80", None),
            ("192.0.2.1%eth0", None),
            ("192.0.2.256", None),
            ("[2001:db8::1", None),
            ("[2001:db8::1]80", None),
            ("192.0.2.1 192.0.2.2", None),
            ("192.0.2.1\0", None),
        ] {
            let expected = expected.map(|(ip, port)| Node {
                ip: ip.parse().unwrap(),
                port,
            });
            assert_eq!(Node::parse(text.as_bytes()), expected, "{text:?}");
        }
        assert_eq!(Node::parse(b"\xff\xfe"), None);
    }
}
