//! The peers whose word about the client counts.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use laureola_asgi::Address;

/// Peers that may speak for others (`--forwarded-allow-ips`): the proxies in front of the server.
/// Default: loopback addresses and UNIX sockets.
///
/// Written as a list with commas or spaces: addresses (`10.0.0.7`, `2001:db8::1`), networks
/// (`10.0.0.0/8`), `unix` for whoever comes by a UNIX socket, `*` for everybody. An empty list is
/// nobody.
///
/// ```
/// use laureola_server::Trusted;
///
/// let trusted: Trusted = "unix, 10.0.0.0/8, ::1".parse()?;
/// assert!(trusted.contains([10, 1, 2, 3].into()));
/// # Ok::<_, laureola_server::proxy_headers::TrustedError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trusted {
    everybody: bool,
    unix: bool,
    networks: Box<[Network]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u8,
}

/// A list of trusted peers that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no address (10.0.0.7), network (10.0.0.0/8), `unix` or `*`")]
pub struct TrustedError(String);

impl Default for Trusted {
    fn default() -> Self {
        Self {
            everybody: false,
            unix: true,
            networks: Box::new([
                Network {
                    address: Ipv4Addr::new(127, 0, 0, 0).into(),
                    prefix: 8,
                },
                Network {
                    address: Ipv6Addr::LOCALHOST.into(),
                    prefix: 128,
                },
            ]),
        }
    }
}

impl Trusted {
    /// Whether an address is on the list. IPv4 addresses in IPv6 form count as what they are.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.everybody || self.networks.iter().any(|network| network.contains(address))
    }

    /// Whether UNIX sockets are on the list.
    #[must_use]
    pub fn contains_unix(&self) -> bool {
        self.everybody || self.unix
    }

    /// Whether the remote end of a connection is: UNIX sockets have no address, or one without a
    /// port.
    pub(crate) fn trusts(&self, peer: Option<&Address>) -> bool {
        match peer {
            Some(Address { host, port: Some(_) }) => {
                self.everybody || host.parse().is_ok_and(|address| self.contains(address))
            }
            _ => self.contains_unix(),
        }
    }
}

impl FromStr for Trusted {
    type Err = TrustedError;

    fn from_str(text: &str) -> Result<Self, TrustedError> {
        let mut trusted = Self {
            everybody: false,
            unix: false,
            networks: Box::default(),
        };
        let mut networks = Vec::new();
        let words = text.split(|c: char| c == ',' || c.is_whitespace());
        for word in words.filter(|word| !word.is_empty()) {
            match word {
                "*" => trusted.everybody = true,
                "unix" | "unix:" => trusted.unix = true,
                _ => networks.push(Network::parse(word).ok_or_else(|| TrustedError(word.to_owned()))?),
            }
        }
        trusted.networks = networks.into();
        Ok(trusted)
    }
}

impl fmt::Display for Trusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [(self.everybody, "*"), (self.unix, "unix")];
        let words = words
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, word)| (*word).to_owned());
        let networks = self.networks.iter().map(|Network { address, prefix }| {
            if *prefix == width(*address) {
                address.to_string()
            } else {
                format!("{address}/{prefix}")
            }
        });
        f.write_str(&words.chain(networks).collect::<Vec<_>>().join(","))
    }
}

impl Network {
    fn parse(word: &str) -> Option<Self> {
        let (address, prefix) = match word.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (word, None),
        };
        let address = address.strip_prefix('[').unwrap_or(address);
        let address: IpAddr = address.strip_suffix(']').unwrap_or(address).parse().ok()?;
        let prefix = match prefix {
            Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => prefix.parse().ok()?,
            Some(_) => return None,
            None => width(address),
        };
        (prefix <= width(address)).then_some(Self { address, prefix })
    }

    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differ = network.to_bits() ^ address.to_bits();
                differ.checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            // A network that was written in IPv6 form of IPv4.
            (IpAddr::V6(network), IpAddr::V4(address)) => {
                let network = Self {
                    address: IpAddr::V6(network),
                    prefix: self.prefix,
                };
                network.contains(IpAddr::V6(address.to_ipv6_mapped()))
            }
            (IpAddr::V4(_), IpAddr::V6(_)) => false,
        }
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Trusted {
        text.parse().unwrap()
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn loopback_and_unix_are_the_default() {
        let trusted = Trusted::default();
        assert_eq!(trusted.to_string(), "unix,127.0.0.0/8,::1");
        for (address, expected) in [
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("::2", false),
            ("10.0.0.1", false),
            ("192.168.1.1", false),
        ] {
            assert_eq!(trusted.contains(ip(address)), expected, "{address}");
        }
        assert!(trusted.trusts(None));
        let path = Address {
            host: "/run/proxy.sock".into(),
            port: None,
        };
        assert!(trusted.trusts(Some(&path)));
        assert!(!list("10.0.0.1").trusts(Some(&path)));
    }

    #[test]
    fn networks_are_compared_by_their_prefix() {
        let trusted = list("10.0.0.0/8, 192.168.1.128/25 2001:db8::/32,::ffff:172.16.0.0/108");
        for (address, expected) in [
            ("10.255.0.1", true),
            ("11.0.0.1", false),
            ("192.168.1.129", true),
            ("192.168.1.127", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::1", false),
            ("172.31.0.1", true),
            ("172.32.0.1", false),
        ] {
            assert_eq!(trusted.contains(ip(address)), expected, "{address}");
        }
        assert!(list("0.0.0.0/0").contains(ip("8.8.8.8")));
        assert!(!list("0.0.0.0/0").contains(ip("::1")));
        assert!(list("::/0").contains(ip("2001:db8::1")));
        assert!(list("[::1]").contains(ip("::1")));
    }

    #[test]
    fn everybody_and_nobody() {
        let everybody = list("*");
        assert!(everybody.contains(ip("8.8.8.8")) && everybody.contains_unix());
        let nobody = list("");
        assert!(!nobody.contains(ip("127.0.0.1")) && !nobody.contains_unix());
    }

    #[test]
    fn what_is_no_peer_is_refused() {
        for bad in [
            "proxy",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0",
            "*.*",
        ] {
            assert!(bad.parse::<Trusted>().is_err(), "{bad}");
        }
    }
}
