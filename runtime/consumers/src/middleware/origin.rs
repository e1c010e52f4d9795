//! Refuses WebSockets that strangers' pages open (Channels: `channels.security.websocket`).

use std::future::Future;
use std::sync::Arc;

use http::StatusCode;
use laureola_asgi::{Application, BoxApplication, BoxFuture, Connection, Scope};
use tower_layer::Layer;

use super::pattern::Pattern;
use crate::Result;
use crate::context::denial;

/// Lets only WebSockets of pages from these origins through (Channels: `OriginValidator`). A browser sends the origin of
/// the page that opens a socket, together with the cookies of ours: without this any page acts in its visitors' name.
///
/// A pattern is `*` (anybody, also without an origin), a host, `.host` (it and its subdomains), or either with a scheme
/// and a port, such as `https://example.com` or `http://.example.com:8000`; without a port the scheme's own is meant.
///
/// Everybody else is denied with 403, and a line at info level says why. HTTP passes: that is what CSRF tokens are for.
///
/// ```
/// use laureola_consumers::middleware::OriginValidator;
/// use laureola_consumers::testing::WebsocketCommunicator;
/// # use laureola_asgi::{AppError, Command, Connection, app_fn};
/// use tower_layer::Layer as _;
///
/// # async fn socket(mut connection: Connection) -> Result<(), AppError> {
/// #     connection.receive.next().await;
/// #     connection.send.send(Command::accept()).await?;
/// #     connection.receive.next().await;
/// #     Ok(())
/// # }
/// let application = OriginValidator::new([".example.com"]).layer(app_fn(socket));
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let handshake = |origin| http::Request::get("/").header("origin", origin).body(());
/// let page = handshake("https://www.example.com")?;
/// WebsocketCommunicator::with_request(application.clone(), page).connect().await?;
/// let stranger = handshake("https://evil.test")?;
/// let denied = WebsocketCommunicator::with_request(application, stranger).connect().await;
/// assert_eq!(denied.unwrap_err().to_string(), "the handshake was denied with 403 Forbidden");
/// # Ok::<_, Box<dyn std::error::Error>>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct OriginValidator(Arc<[Pattern]>);

impl OriginValidator {
    /// A validator of these patterns. Without any, nobody passes.
    pub fn new<S: AsRef<str>>(allowed_origins: impl IntoIterator<Item = S>) -> Self {
        let patterns = allowed_origins.into_iter();
        Self(patterns.map(|pattern| Pattern::new(pattern.as_ref())).collect())
    }

    /// Whether a WebSocket with this `origin` header may pass.
    #[must_use]
    pub fn is_allowed(&self, origin: Option<&str>) -> bool {
        self.0.iter().any(|pattern| pattern.matches(origin))
    }

    fn patterns(&self) -> String {
        let texts: Vec<_> = self.0.iter().map(Pattern::text).collect();
        texts.join(", ")
    }
}

impl<A: Application> Layer<A> for OriginValidator {
    type Service = OriginValidated;

    fn layer(&self, inner: A) -> OriginValidated {
        OriginValidated {
            validator: self.clone(),
            application: inner.boxed(),
        }
    }
}

/// See [`OriginValidator`].
#[derive(Clone, Debug)]
pub struct OriginValidated {
    validator: OriginValidator,
    application: BoxApplication,
}

impl Application for OriginValidated {
    fn call(&self, connection: Connection) -> impl Future<Output = Result<()>> + Send {
        if let Scope::WebSocket(scope) = &connection.scope {
            let origin = scope.headers().get("origin").map(String::from_utf8_lossy);
            if !self.validator.is_allowed(origin.as_deref()) {
                let client = scope.client.as_ref().map(ToString::to_string);
                tracing::info!(
                    path = scope.path(),
                    client = client.as_deref().unwrap_or("unknown"),
                    "WebSocket denied: its origin {:?} is not allowed; allowed are {:?}",
                    origin.as_deref().unwrap_or("(none)"),
                    self.validator.patterns(),
                );
                let denial = denial(StatusCode::FORBIDDEN, "Origin not allowed\n".to_owned());
                let denied: BoxFuture<'_, _> =
                    Box::pin(async move { Ok(connection.send.send(denial).await?) });
                return denied;
            }
        }
        self.application.call_boxed(connection)
    }
}
