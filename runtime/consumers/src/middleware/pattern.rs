//! Which origins a pattern of Channels' `OriginValidator` means.

/// Scheme, host and port of an origin or a pattern, lower-cased. IPv6 addresses without brackets.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    scheme: Option<Box<str>>,
    host: Box<str>,
    port: Option<u16>,
}

impl Place {
    /// `None` where there is no host, or the port is none.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, &*text),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let place = rest[..end]
            .rsplit_once('@')
            .map_or(&rest[..end], |(_, host)| host);
        let (host, port) = match place.strip_prefix('[') {
            Some(address) => {
                let (host, behind) = address.split_once(']')?;
                (host, behind.strip_prefix(':'))
            }
            None => match place.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            },
        };
        let port = match port {
            None | Some("") => None,
            Some(port) => Some(port.parse().ok()?),
        };
        (!host.is_empty()).then(|| Self {
            scheme: scheme.map(Box::from),
            host: host.into(),
            port,
        })
    }

    /// The port, or the scheme's own.
    fn port(&self) -> Option<u16> {
        self.port.or(match self.scheme.as_deref() {
            Some("http" | "ws") => Some(80),
            Some("https" | "wss") => Some(443),
            _ => None,
        })
    }
}

/// One pattern: `*`, a host, `.host` with its subdomains, or either with a scheme and a port.
#[derive(Debug)]
pub(super) struct Pattern {
    text: Box<str>,
    /// `None` for `*`, and for what names no host and matches nothing.
    place: Option<Place>,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.into(),
            place: Place::parse(text).filter(|_| text != "*"),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether an `origin` header, or its absence, is meant.
    pub(super) fn matches(&self, origin: Option<&str>) -> bool {
        if &*self.text == "*" {
            return true;
        }
        let Some((place, origin)) = self.place.as_ref().zip(origin.and_then(Place::parse)) else {
            return false;
        };
        if !is_same_domain(&origin.host, &place.host) {
            return false;
        }
        // A pattern without a scheme is about the host alone.
        place.scheme.is_none() || (place.scheme == origin.scheme && place.port() == origin.port())
    }
}

/// `django.utils.http.is_same_domain`.
fn is_same_domain(host: &str, pattern: &str) -> bool {
    match pattern.strip_prefix('.') {
        Some(domain) => host == domain || host.ends_with(pattern),
        None => host == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, origin: &str) -> bool {
        Pattern::new(pattern).matches(Some(origin))
    }

    #[test]
    fn a_host_is_any_scheme_and_port() {
        for origin in [
            "http://example.com",
            "https://example.com:8443",
            "HTTPS://EXAMPLE.com",
        ] {
            assert!(matches("example.com", origin), "{origin}");
        }
        for origin in [
            "http://sub.example.com",
            "http://example.com.evil.test",
            "http://evil.test/example.com",
            "http://example.com@evil.test",
            "null",
            "",
            "http://",
            "http://example.com:port",
        ] {
            assert!(!matches("example.com", origin), "{origin}");
        }
    }

    #[test]
    fn a_dot_means_the_subdomains_too() {
        assert!(matches(".example.com", "http://example.com"));
        assert!(matches(".example.com", "http://a.b.example.com"));
        assert!(!matches(".example.com", "http://badexample.com"));
    }

    #[test]
    fn a_scheme_brings_its_port() {
        assert!(matches("https://example.com", "https://example.com:443"));
        assert!(matches("http://.example.com:8000", "http://a.example.com:8000"));
        assert!(!matches("https://example.com", "http://example.com"));
        assert!(!matches("https://example.com", "https://example.com:8443"));
        assert!(!matches("http://example.com:8000", "http://example.com"));
    }

    #[test]
    fn a_star_is_everybody_and_the_rest_needs_an_origin() {
        assert!(Pattern::new("*").matches(None));
        assert!(Pattern::new("*").matches(Some("null")));
        assert!(!Pattern::new("example.com").matches(None));
        assert!(matches("[::1]", "http://[::1]:8000"));
        assert!(matches("http://[::1]:8000", "http://[::1]:8000"));
    }
}
