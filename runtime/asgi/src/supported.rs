//! Which extensions of the specification a connection offers.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

/// A set of ASGI extensions, two bytes wide (ASGI: the keys of the scope's `extensions`).
///
/// ```
/// use laureola_asgi::Supported;
/// let supported = Supported::TRAILERS | Supported::PATHSEND;
/// assert!(supported.contains(Supported::PATHSEND));
/// assert_eq!(supported.names().collect::<Vec<_>>(), ["http.response.pathsend", "http.response.trailers"]);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Supported(u16);

impl Supported {
    /// None.
    pub const NONE: Self = Self(0);
    /// `websocket.http.response`: a handshake may be denied with a response of the application's.
    pub const DENIAL: Self = Self(1);
    /// `http.response.pathsend`: the server reads and sends a file.
    pub const PATHSEND: Self = Self(1 << 1);
    /// `http.response.zerocopysend`: the same of an open file.
    pub const ZEROCOPYSEND: Self = Self(1 << 2);
    /// `http.response.early_hint`: `103` before the response.
    pub const EARLY_HINT: Self = Self(1 << 3);
    /// `http.response.trailers`: headers behind the body.
    pub const TRAILERS: Self = Self(1 << 4);
    /// `http.response.push`: a promise of HTTP/2. Only where the client takes them.
    pub const PUSH: Self = Self(1 << 5);
    /// `http.response.debug`: for test clients; a server takes the command and does not offer it.
    pub const DEBUG: Self = Self(1 << 6);
    /// `tls`: the scope says what is known of it.
    pub const TLS: Self = Self(1 << 7);

    const NAMES: [(Self, &str); 8] = [
        (Self::DENIAL, "websocket.http.response"),
        (Self::PATHSEND, "http.response.pathsend"),
        (Self::ZEROCOPYSEND, "http.response.zerocopysend"),
        (Self::EARLY_HINT, "http.response.early_hint"),
        (Self::TRAILERS, "http.response.trailers"),
        (Self::PUSH, "http.response.push"),
        (Self::DEBUG, "http.response.debug"),
        (Self::TLS, "tls"),
    ];

    /// Whether all of `other` are offered.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// These and those.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These without those.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Their names in ASGI.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let all = Self::NAMES.into_iter();
        all.filter(move |(one, _)| self.contains(*one))
            .map(|(_, name)| name)
    }
}

impl BitOr for Supported {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}

impl BitOrAssign for Supported {
    fn bitor_assign(&mut self, other: Self) {
        *self = self.with(other);
    }
}

impl fmt::Debug for Supported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
