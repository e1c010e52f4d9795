//! Applications by URL, first match first.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use laureola_asgi::router::NotFound;
use laureola_asgi::{
    AppError, Application, BoxApplication, Connection, HttpScope, MatchedRoute, Scope, WebSocketScope,
};

use super::pattern::{Pattern, PatternError};

/// One URL pattern and its application: see [`path`] and [`re_path`].
#[derive(Clone, Debug)]
pub struct Route {
    pattern: Result<Pattern, PatternError>,
    application: BoxApplication,
}

/// A route by Django's `path()`: `chat/<slug:room>/`, with the converters `str` (the default),
/// `int`, `slug`, `uuid` and `path`. Without a leading `/`; it matches the whole decoded path.
pub fn path(pattern: &str, application: impl Application) -> Route {
    Route {
        pattern: Pattern::path(pattern),
        application: application.boxed(),
    }
}

/// A route by Django's `re_path()`: a regular expression, anchored at the path's start (write `$`
/// for its end), whose named groups `(?P<name>…)` are the arguments.
pub fn re_path(pattern: &str, application: impl Application) -> Route {
    Route {
        pattern: Pattern::re_path(pattern),
        application: application.boxed(),
    }
}

/// Sends a connection to the application of the first pattern that matches its path (Channels:
/// `URLRouter`), for HTTP and WebSockets alike.
///
/// A path no pattern matches goes to the fallback: 404, or for a WebSocket a denial with 404, and
/// never a traceback. The arguments are read through [`UrlArguments`].
///
/// Cost: patterns are tried in order, so put busy ones first; a match allocates its arguments.
#[derive(Clone, Debug)]
pub struct URLRouter {
    routes: Arc<[(Pattern, BoxApplication)]>,
    fallback: BoxApplication,
}

impl URLRouter {
    /// A router over `routes`, in their order.
    ///
    /// # Errors
    /// [`PatternError`] for the first pattern that cannot be compiled.
    pub fn new(routes: impl IntoIterator<Item = Route>) -> Result<Self, PatternError> {
        let routes = routes
            .into_iter()
            .map(|route| Ok((route.pattern?, route.application)));
        Ok(Self {
            routes: routes.collect::<Result<_, _>>()?,
            fallback: NotFound.boxed(),
        })
    }

    /// The application of paths no pattern matches; default: 404.
    #[must_use]
    pub fn fallback(mut self, application: impl Application) -> Self {
        self.fallback = application.boxed();
        self
    }
}

impl Application for URLRouter {
    fn call(&self, mut connection: Connection) -> impl Future<Output = Result<(), AppError>> + Send {
        let path = connection.scope.path();
        let path = path.strip_prefix('/').unwrap_or(&path);
        let found = self.routes.iter().find_map(|(pattern, application)| {
            let arguments = pattern.matches(path)?;
            Some((pattern, arguments, application))
        });
        let application = match found {
            Some((pattern, arguments, application)) => {
                if let Some(matched) = connection.scope.extensions().get::<MatchedRoute>() {
                    matched.set(pattern.text());
                }
                if !arguments.is_empty() {
                    let route = UrlRoute(arguments.into());
                    connection.scope.extensions_mut().insert(route);
                }
                application
            }
            None => &self.fallback,
        };
        application.call_boxed(connection)
    }
}

/// The arguments a URL pattern found; a router leaves them in the scope's extensions.
#[derive(Clone)]
pub struct UrlRoute(Arc<[(Box<str>, Box<str>)]>);

impl UrlRoute {
    /// An argument's text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| &**known == name)
            .map(|(_, value)| &**value)
    }
}

impl fmt::Debug for UrlRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.0.iter().map(|(name, value)| (name, value)))
            .finish()
    }
}

/// Reads the URL's arguments from a scope (Channels: `scope["url_route"]["kwargs"]`).
pub trait UrlArguments {
    /// The text an argument of the pattern matched; `None` where the pattern has no such argument.
    fn url_argument(&self, name: &str) -> Option<&str>;
}

impl UrlArguments for WebSocketScope {
    fn url_argument(&self, name: &str) -> Option<&str> {
        self.extensions.get::<UrlRoute>()?.get(name)
    }
}

impl UrlArguments for HttpScope {
    fn url_argument(&self, name: &str) -> Option<&str> {
        self.parts.extensions.get::<UrlRoute>()?.get(name)
    }
}

impl UrlArguments for Scope {
    fn url_argument(&self, name: &str) -> Option<&str> {
        self.extensions().get::<UrlRoute>()?.get(name)
    }
}

/// [`NotFound`], as a function of the connection.
pub(crate) async fn not_found(connection: Connection) -> Result<(), AppError> {
    NotFound.call(connection).await
}
