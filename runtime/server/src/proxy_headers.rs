//! Who the client really is, where a reverse proxy stands in between.
//!
//! A proxy tells in headers which client it speaks for, and any client can send the same headers:
//! they count only when they come from a [`Trusted`] peer. A trusted chain is walked from its near
//! end, and the first address that is not one of ours is the client; what stands further left the
//! client may have invented. (Daphne takes the leftmost entry, of anybody.)
//!
//! # Layout
//! - this file: [`ProxyHeaders`], which headers are read, and what they say
//! - [`trusted`]: whose headers count
//! - `hops`: the walk along a chain
//! - `node`: how one hop is written

mod hops;
mod node;
pub mod trusted;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use laureola_asgi::Address;
use laureola_asgi::scope::{Ends, RootPath};
use percent_encoding::percent_decode;

use hops::Chain;
pub use trusted::{Trusted, TrustedError};

/// RFC 7239.
const FORWARDED: &str = "forwarded";
/// Daphne's own: where the application is mounted.
const ROOT_PATH: HeaderName = HeaderName::from_static("daphne-root-path");

/// The headers a proxy tells the client's address by (`--proxy-headers`). The default names are
/// Daphne's.
///
/// If `host_header` is `forwarded`, it is read by RFC 7239, port and scheme included, and the other
/// two are not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyHeaders {
    /// The client's address, behind it the proxies it came through (`--proxy-headers-host`). Default
    /// `X-Forwarded-For`; `X-Real-IP` works as well.
    pub host_header: HeaderName,
    /// The client's port (`--proxy-headers-port`). Default `X-Forwarded-Port`. Without a usable one
    /// the port is the one written behind the address, else 0.
    pub port_header: HeaderName,
    /// `http`, `https`, `ws` or `wss`; anything else is not looked at. Default `X-Forwarded-Proto`.
    pub proto_header: HeaderName,
}

impl Default for ProxyHeaders {
    fn default() -> Self {
        Self {
            host_header: HeaderName::from_static("x-forwarded-for"),
            port_header: HeaderName::from_static("x-forwarded-port"),
            proto_header: HeaderName::from_static("x-forwarded-proto"),
        }
    }
}

impl ProxyHeaders {
    /// The ends of a connection as `headers` of a trusted peer tell them. What they do not tell, or
    /// tell in a way nobody can read, stays as it is in `ends`. Never fails and never panics,
    /// whatever the bytes.
    #[must_use]
    pub fn resolve(&self, headers: &HeaderMap, ends: &Ends, trusted: &Trusted) -> Ends {
        let mut ends = ends.clone();
        let by_rfc = self.host_header == FORWARDED;
        let values = headers.get_all(&self.host_header);
        let Some(chain) = Chain::walk(values.iter().rev(), by_rfc, trusted) else {
            return ends;
        };
        let (port, secure) = if by_rfc {
            (None, chain.secure)
        } else {
            // As Daphne: looked at only where there is an address, so that they fit together.
            (
                self.port(headers),
                chain.scheme(headers.get_all(&self.proto_header).iter()),
            )
        };
        let port = port.or(chain.node.port).unwrap_or(0);
        ends.client = Some(Address {
            host: chain.node.ip.to_canonical().to_string().into(),
            port: Some(port),
        });
        ends.secure = secure.unwrap_or(ends.secure);
        ends
    }

    fn port(&self, headers: &HeaderMap) -> Option<u16> {
        let text = headers.get(&self.port_header)?.to_str().ok()?.trim();
        // `parse` takes a sign.
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| is_number)
    }
}

/// What a server makes of the headers of proxies: its settings, and what they say of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forwarding {
    pub(crate) headers: Option<ProxyHeaders>,
    pub(crate) trusted: Trusted,
    pub(crate) root_path: RootPath,
}

impl Forwarding {
    /// The ends of a request and where its application is mounted. Takes `Daphne-Root-Path` out of
    /// the headers, whoever sent it: no application shall mistake it for the proxy's word.
    pub(crate) fn apply(&self, headers: &mut HeaderMap, ends: &Ends) -> (Ends, RootPath) {
        let told = self.told_root_path(headers);
        if told.is_none() && self.headers.is_none() {
            return (ends.clone(), self.root_path.clone());
        }
        if !self.trusted.trusts(ends.client.as_ref()) {
            return (ends.clone(), self.root_path.clone());
        }
        let ends = match &self.headers {
            Some(names) => names.resolve(headers, ends, &self.trusted),
            None => ends.clone(),
        };
        let root_path = told.and_then(|value| root_path(&value));
        (ends, root_path.unwrap_or_else(|| self.root_path.clone()))
    }

    /// The last one, as in Daphne.
    fn told_root_path(&self, headers: &mut HeaderMap) -> Option<HeaderValue> {
        // Cheaper than to hash the name, and nobody sends it.
        if !headers.keys().any(|name| *name == ROOT_PATH) {
            return None;
        }
        let told = headers.get_all(ROOT_PATH).iter().next_back().cloned();
        headers.remove(ROOT_PATH);
        told
    }
}

fn root_path(value: &HeaderValue) -> Option<RootPath> {
    let text = value.as_bytes();
    text.is_ascii()
        .then(|| RootPath::from(&*percent_decode(text).decode_utf8_lossy()))
}

#[cfg(test)]
mod tests;
