//! What URL patterns found, in the scope's extensions.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use laureola_asgi::{HttpScope, Scope, WebSocketScope};

use super::pattern::Argument;

/// What a router leaves to the next one (Channels: `scope["path_remaining"]`).
#[derive(Clone, Debug)]
pub(super) struct PathRemaining(pub(super) Arc<str>);

/// The arguments the URL patterns found; routers leave them in the scope's extensions.
#[derive(Clone)]
pub struct UrlRoute(Arc<[Argument]>);

impl UrlRoute {
    /// The arguments of an inner pattern behind those of the outer ones.
    pub(super) fn behind(outer: Option<&Self>, arguments: Vec<Argument>) -> Self {
        match outer {
            None => Self(arguments.into()),
            Some(outer) => Self(outer.0.iter().cloned().chain(arguments).collect()),
        }
    }

    /// An argument's text (Channels: `kwargs`). Of several with one name the innermost counts.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().rev();
        named
            .find(|(known, _)| known.as_deref() == Some(name))
            .map(|(_, value)| &**value)
    }

    /// The texts without a name, in the order of the patterns (Channels: `args`).
    pub fn positional(&self) -> impl Iterator<Item = &str> {
        let unnamed = self.0.iter().filter(|(name, _)| name.is_none());
        unnamed.map(|(_, value)| &**value)
    }
}

impl fmt::Debug for UrlRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.0.iter().map(|(name, value)| (name, value)))
            .finish()
    }
}

/// Reads the URL's arguments from a scope (Channels: `scope["url_route"]`).
pub trait UrlArguments {
    /// The text an argument of the pattern matched; `None` where the pattern has no such argument.
    fn url_argument(&self, name: &str) -> Option<&str>;

    /// All arguments; `None` where no pattern had any.
    fn url_route(&self) -> Option<&UrlRoute> {
        None
    }

    /// An argument as a number or whatever reads itself from a text; `None` also where it cannot be read, such as an
    /// `int` too large for `T`.
    fn url_argument_as<T: FromStr>(&self, name: &str) -> Option<T> {
        self.url_argument(name)?.parse().ok()
    }
}

impl UrlArguments for WebSocketScope {
    fn url_argument(&self, name: &str) -> Option<&str> {
        self.url_route()?.get(name)
    }

    fn url_route(&self) -> Option<&UrlRoute> {
        self.extensions.get()
    }
}

impl UrlArguments for HttpScope {
    fn url_argument(&self, name: &str) -> Option<&str> {
        self.url_route()?.get(name)
    }

    fn url_route(&self) -> Option<&UrlRoute> {
        self.parts.extensions.get()
    }
}

impl UrlArguments for Scope {
    fn url_argument(&self, name: &str) -> Option<&str> {
        self.url_route()?.get(name)
    }

    fn url_route(&self) -> Option<&UrlRoute> {
        self.extensions().get()
    }
}
