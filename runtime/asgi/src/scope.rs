//! What is known of a connection before its first event.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use http::request::Parts;
use http::{Extensions, Method, Version};
use percent_encoding::percent_decode;

use crate::headers::Headers;
use crate::observed::RequestId;
use crate::state::{SharedState, State};
use crate::supported::Supported;
use crate::tls::TlsInfo;

/// ASGI's `asgi.version`.
pub const ASGI_VERSION: &str = "3.0";
/// `asgi.spec_version` of `http` scopes.
pub const HTTP_SPEC_VERSION: &str = "2.5";
/// `asgi.spec_version` of `websocket` scopes.
pub const WEBSOCKET_SPEC_VERSION: &str = "2.5";
/// `asgi.spec_version` of `lifespan` scopes.
pub const LIFESPAN_SPEC_VERSION: &str = "2.0";

/// The scope of a connection, by protocol (ASGI: the `scope` dictionary and its `type`).
///
/// Boxed, so that a connection is a few words wide as it moves through routers and middleware: a
/// future keeps what it was called with, and every one of 10,000 sockets would pay for it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Scope {
    /// One HTTP request.
    Http(Box<HttpScope>),
    /// One WebSocket, from its handshake to its close.
    WebSocket(Box<WebSocketScope>),
    /// The server's own life: one per server, from before its first connection to after its last.
    Lifespan(Box<LifespanScope>),
}

impl Scope {
    /// ASGI's name of the protocol: `http`, `websocket` or `lifespan`.
    #[must_use]
    pub fn protocol(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::WebSocket(_) => "websocket",
            Self::Lifespan(_) => "lifespan",
        }
    }

    /// ASGI's `asgi.spec_version` for the protocol.
    #[must_use]
    pub fn spec_version(&self) -> &'static str {
        match self {
            Self::Http(_) => HTTP_SPEC_VERSION,
            Self::WebSocket(_) => WEBSOCKET_SPEC_VERSION,
            Self::Lifespan(_) => LIFESPAN_SPEC_VERSION,
        }
    }

    /// The percent-decoded path without the query string, whatever the protocol; a lifespan has
    /// none.
    #[must_use]
    pub fn path(&self) -> Cow<'_, str> {
        match self {
            Self::Http(scope) => scope.path(),
            Self::WebSocket(scope) => Cow::Borrowed(scope.path()),
            Self::Lifespan(_) => Cow::Borrowed(""),
        }
    }

    /// What routers and middleware added (the URL's arguments, a session, a user).
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        match self {
            Self::Http(scope) => &scope.parts.extensions,
            Self::WebSocket(scope) => &scope.extensions,
            Self::Lifespan(scope) => &scope.extensions,
        }
    }

    /// The same, to add to.
    pub fn extensions_mut(&mut self) -> &mut Extensions {
        match self {
            Self::Http(scope) => &mut scope.parts.extensions,
            Self::WebSocket(scope) => &mut scope.extensions,
            Self::Lifespan(scope) => &mut scope.extensions,
        }
    }
}

/// One end of a connection: ASGI's `[host, port]`. A UNIX socket's path has no port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// An IP address, a name, or a UNIX socket's path.
    pub host: Arc<str>,
    /// The TCP port.
    pub port: Option<u16>,
}

impl From<std::net::SocketAddr> for Address {
    fn from(address: std::net::SocketAddr) -> Self {
        Self {
            host: address.ip().to_canonical().to_string().into(),
            port: Some(address.port()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

/// The two ends of a connection and the scheme it came by, as the server saw them.
///
/// A server puts one into the extensions of an [`http::Request`]; without it a scope has neither.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    /// The remote end.
    pub client: Option<Address>,
    /// Our end.
    pub server: Option<Address>,
    /// Whether the bytes came through TLS.
    pub secure: bool,
    /// What TLS knows of the connection; `None` where the server does not speak TLS itself.
    pub tls: Option<Arc<TlsInfo>>,
}

/// Where the application is mounted, as the server or a proxy in front of it says; `""` for the root.
///
/// A server puts one into the extensions of an [`http::Request`]; without it `root_path` is `""`,
/// which takes no allocation, and no counter that all connections share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RootPath(Option<Arc<str>>);

impl Deref for RootPath {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

impl From<&str> for RootPath {
    fn from(path: &str) -> Self {
        Self((!path.is_empty()).then(|| path.into()))
    }
}

/// The scope of an HTTP request (ASGI HTTP §2.1.1).
///
/// Keeps the request's [`Parts`] as they came, so that a mounted tower service costs no copy.
#[derive(Debug)]
pub struct HttpScope {
    /// Method, target, version, headers and extensions of the request.
    pub parts: Parts,
    /// The remote end.
    pub client: Option<Address>,
    /// Our end.
    pub server: Option<Address>,
    /// Whether the request came through TLS.
    pub secure: bool,
    /// What the `tls` extension tells; `None` where the server does not speak TLS itself.
    pub tls: Option<Arc<TlsInfo>>,
    /// Where the application is mounted, `""` for the root.
    pub root_path: RootPath,
    /// The extensions this connection offers.
    pub supported: Supported,
    /// What the lifespan's startup left.
    pub state: State,
}

impl HttpScope {
    /// The scope of a request. Takes [`Ends`] and [`RootPath`] out of the request's
    /// extensions.
    #[must_use]
    pub fn new(mut parts: Parts) -> Self {
        let ends = parts.extensions.remove::<Ends>();
        let root_path = parts.extensions.remove().unwrap_or_default();
        Self::at(parts, ends.unwrap_or_default(), root_path)
    }

    /// The same, without the way through the extensions.
    #[must_use]
    pub fn at(parts: Parts, ends: Ends, root_path: RootPath) -> Self {
        let Ends {
            client,
            server,
            secure,
            tls,
        } = ends;
        Self {
            parts,
            client,
            server,
            secure,
            supported: tls_of(&tls),
            tls,
            root_path,
            state: State::default(),
        }
    }

    /// The request's method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.parts.method
    }

    /// The path, percent-decoded as UTF-8 (what is not UTF-8 becomes U+FFFD, as in Daphne).
    #[must_use]
    pub fn path(&self) -> Cow<'_, str> {
        percent_decode(self.raw_path()).decode_utf8_lossy()
    }

    /// The path as it came, without the query string.
    #[must_use]
    pub fn raw_path(&self) -> &[u8] {
        self.parts.uri.path().as_bytes()
    }

    /// The bytes behind `?`; empty where there is none.
    #[must_use]
    pub fn query_string(&self) -> &[u8] {
        self.parts.uri.query().unwrap_or("").as_bytes()
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// `1.0`, `1.1` or `2`.
    #[must_use]
    pub fn http_version(&self) -> &'static str {
        http_version(self.parts.version)
    }
}

/// The scope of a WebSocket (ASGI WebSocket §2.2.1). Small: it lives as long as the socket.
pub struct WebSocketScope {
    path: Box<str>,
    target: Box<str>,
    headers: Headers,
    subprotocols: Box<[Box<str>]>,
    version: Version,
    /// The remote end.
    pub client: Option<Address>,
    /// Our end.
    pub server: Option<Address>,
    /// Whether the socket came through TLS.
    pub secure: bool,
    /// What the `tls` extension tells; `None` where the server does not speak TLS itself.
    pub tls: Option<Arc<TlsInfo>>,
    /// Where the application is mounted, `""` for the root.
    pub root_path: RootPath,
    /// The extensions this connection offers.
    pub supported: Supported,
    /// What the lifespan's startup left.
    pub state: State,
    /// What routers and middleware added.
    pub extensions: Extensions,
}

impl WebSocketScope {
    /// The scope of a handshake. Takes [`Ends`] and [`RootPath`] out of the request's extensions,
    /// and copies the
    /// headers, so that the server's read buffer is free again.
    #[must_use]
    pub fn new(parts: &mut Parts) -> Self {
        let ends = parts.extensions.remove::<Ends>();
        let root_path = parts.extensions.remove().unwrap_or_default();
        let Ends {
            client,
            server,
            secure,
            tls,
        } = ends.unwrap_or_default();
        let mut extensions = Extensions::new();
        // Of what a server has left, the one thing that is worth its memory for hours.
        if let Some(id) = parts.extensions.remove::<RequestId>() {
            extensions.insert(id);
        }
        let headers = Headers::from(&parts.headers);
        let subprotocols = headers
            .get_all("sec-websocket-protocol")
            .filter_map(|value| std::str::from_utf8(value).ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(Box::from)
            .collect();
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        Self {
            path: percent_decode(parts.uri.path().as_bytes())
                .decode_utf8_lossy()
                .into(),
            target: target.into(),
            headers,
            subprotocols,
            version: parts.version,
            client,
            server,
            secure,
            supported: Supported::DENIAL | tls_of(&tls),
            tls,
            root_path,
            state: State::default(),
            extensions,
        }
    }

    /// The path, percent-decoded as UTF-8.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path as it came, without the query string.
    #[must_use]
    pub fn raw_path(&self) -> &[u8] {
        // An absolute target may have none.
        let path = self.target.split('?').next().filter(|path| !path.is_empty());
        path.unwrap_or("/").as_bytes()
    }

    /// The bytes behind `?`; empty where there is none.
    #[must_use]
    pub fn query_string(&self) -> &[u8] {
        self.target
            .split_once('?')
            .map_or("", |(_, query)| query)
            .as_bytes()
    }

    /// The handshake's headers.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The subprotocols the client offers, in its order.
    #[must_use]
    pub fn subprotocols(&self) -> &[Box<str>] {
        &self.subprotocols
    }

    /// `ws` or `wss`.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.secure { "wss" } else { "ws" }
    }

    /// `1.1` or `2`.
    #[must_use]
    pub fn http_version(&self) -> &'static str {
        http_version(self.version)
    }
}

impl fmt::Debug for WebSocketScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers are left out: they hold cookies, and a scope ends up in logs.
        f.debug_struct("WebSocketScope")
            .field("path", &self.path)
            .field("client", &self.client)
            .field("subprotocols", &self.subprotocols)
            .finish_non_exhaustive()
    }
}

/// The scope of a server's life (ASGI Lifespan §2.0).
#[derive(Debug, Default)]
pub struct LifespanScope {
    /// What the application leaves here, every scope gets a copy of.
    pub state: SharedState,
    /// What middleware added.
    pub extensions: Extensions,
}

fn tls_of(tls: &Option<Arc<TlsInfo>>) -> Supported {
    match tls {
        Some(_) => Supported::TLS,
        None => Supported::NONE,
    }
}

fn http_version(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 | Version::HTTP_09 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn parts(target: &str) -> Parts {
        Request::get(target)
            .header("sec-websocket-protocol", "chat.v2, ,chat")
            .header("X-Name", "v")
            .body(())
            .expect("a valid request")
            .into_parts()
            .0
    }

    #[test]
    fn a_path_is_decoded_and_its_raw_form_kept() {
        let scope = WebSocketScope::new(&mut parts("/ws/caf%C3%A9%2F/?a=%20b"));
        assert_eq!(scope.path(), "/ws/café//");
        assert_eq!(scope.raw_path(), b"/ws/caf%C3%A9%2F/");
        assert_eq!(scope.query_string(), b"a=%20b");
        let scope = HttpScope::new(parts("/ws/caf%C3%A9/?a=%20b"));
        assert_eq!(scope.path(), "/ws/café/");
        assert_eq!(scope.query_string(), b"a=%20b");
        assert_eq!(HttpScope::new(parts("/")).query_string(), b"");
        let scope = WebSocketScope::new(&mut parts("http://example.org?a"));
        assert_eq!((scope.path(), scope.raw_path()), ("/", &b"/"[..]));
    }

    #[test]
    fn subprotocols_are_parsed_to_a_list() {
        let scope = WebSocketScope::new(&mut parts("/"));
        assert_eq!(scope.subprotocols(), [Box::from("chat.v2"), Box::from("chat")]);
        assert_eq!(scope.headers().get_str("x-name"), Some("v"));
    }

    #[test]
    fn ends_come_from_the_request() {
        let mut parts = parts("/");
        let client = Address::from(std::net::SocketAddr::from(([127, 0, 0, 1], 4000)));
        parts.extensions.insert(Ends {
            client: Some(client.clone()),
            server: None,
            secure: true,
            tls: None,
        });
        let scope = WebSocketScope::new(&mut parts);
        assert_eq!(scope.client, Some(client));
        assert_eq!(scope.scheme(), "wss");
    }

    #[test]
    fn an_ipv6_address_is_bracketed() {
        let address = Address {
            host: "::1".into(),
            port: Some(80),
        };
        assert_eq!(address.to_string(), "[::1]:80");
    }
}
