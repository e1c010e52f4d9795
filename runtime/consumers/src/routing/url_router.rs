//! Applications by URL, first match first.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;

use laureola_asgi::router::NotFound;
use laureola_asgi::{AppError, Application, BoxApplication, Connection, MatchedRoute};

use super::converter::Converters;
use super::pattern::{Pattern, PatternError};
use super::url_route::{PathRemaining, UrlRoute};

/// One URL pattern and its application: see [`path`], [`re_path`] and [`include()`].
#[derive(Clone, Debug)]
pub struct Route {
    pattern: Result<Pattern, PatternError>,
    application: BoxApplication,
}

/// A route by Django's `path()`: `chat/<slug:room>/`, with the converters `str` (the default),
/// `int`, `slug`, `uuid` and `path`. Without a leading `/`.
///
/// It matches the whole decoded path, or, where the application is a [`URLRouter`], the path's beginning: the inner
/// router sees the rest.
pub fn path(pattern: &str, application: impl Application) -> Route {
    path_with(&Converters::default(), pattern, application)
}

/// The same with converters of one's own.
pub fn path_with(converters: &Converters, pattern: &str, application: impl Application) -> Route {
    let is_router = (&application as &dyn Any).is::<URLRouter>();
    Route {
        pattern: Pattern::path(pattern, converters, is_router),
        application: application.boxed(),
    }
}

/// [`path`] for a router that is wrapped, in a middleware say: matches the path's beginning whatever the application is.
pub fn include(pattern: &str, application: impl Application) -> Route {
    Route {
        pattern: Pattern::path(pattern, &Converters::default(), true),
        application: application.boxed(),
    }
}

/// A route by Django's `re_path()`: a regular expression, anchored at the path's start (write `$`
/// for its end), whose named groups `(?P<name>…)` are the arguments; or all of its groups, by position, where none has a
/// name. What is behind the match is left to an inner [`URLRouter`].
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
/// never a traceback. The arguments are read through [`UrlArguments`](super::UrlArguments).
///
/// Routers nest: the inner one sees the remaining path, and its arguments come behind the outer one's; of two with one
/// name the inner one counts. A path that the inner router does not know is answered by its fallback; the outer one's
/// other routes are not tried.
///
/// ```
/// use laureola_consumers::{URLRouter, path};
/// # fn room() -> impl laureola_asgi::Application { laureola_asgi::router::NotFound }
///
/// let rooms = URLRouter::new([path("<slug:room>/", room()), path("<slug:room>/<int:page>/", room())])?;
/// let site = URLRouter::new([path("ws/<str:team>/", rooms)])?;
/// # let _ = site;
/// # Ok::<_, laureola_consumers::routing::PatternError>(())
/// ```
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
        let outer = connection.scope.extensions().get::<PathRemaining>().cloned();
        let whole;
        let path = match &outer {
            Some(PathRemaining(rest)) => rest,
            None => {
                whole = connection.scope.path();
                whole.strip_prefix('/').unwrap_or(&whole)
            }
        };
        let found = self.routes.iter().find_map(|(pattern, application)| {
            let found = pattern.matches(path)?;
            Some((pattern, found, application))
        });
        let application = match found {
            Some((pattern, found, application)) => {
                let rest: Option<Arc<str>> =
                    (outer.is_some() || !found.rest.is_empty()).then(|| found.rest.into());
                let arguments = found.arguments;
                if let Some(matched) = connection.scope.extensions().get::<MatchedRoute>() {
                    match (outer.is_some(), matched.get()) {
                        (true, Some(before)) => matched.set(&format!("{before}{}", pattern.text()).into()),
                        _ => matched.set(pattern.text()),
                    }
                }
                let extensions = connection.scope.extensions_mut();
                if let Some(rest) = rest {
                    extensions.insert(PathRemaining(rest));
                }
                if !arguments.is_empty() {
                    let route = UrlRoute::behind(extensions.get(), arguments);
                    extensions.insert(route);
                }
                application
            }
            None => &self.fallback,
        };
        application.call_boxed(connection)
    }
}

/// [`NotFound`], as a function of the connection.
pub(crate) async fn not_found(connection: Connection) -> Result<(), AppError> {
    NotFound.call(connection).await
}
