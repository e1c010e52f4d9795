//! The scope's user.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use http::Extensions;
use laureola_asgi::{AppError, Application, BoxApplication, Connection, Scope};
use tokio::sync::Mutex;
use tower_layer::Layer;

use super::session::SessionHandle;
use crate::auth::{Auth, AuthError, User};
use crate::session::SessionError;

/// Why a scope's user is not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// A layer is missing.
    #[error("the scope has no {0}: put one around the application, the SessionLayer outermost")]
    Layer(&'static str),
    /// The session failed.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The users' database failed.
    #[error(transparent)]
    Auth(#[from] AuthError),
}

/// Lets [`get_user`], [`login`] and [`logout`] work on a connection's scope (Channels: `AuthMiddleware`). Goes inside a
/// [`SessionLayer`](super::SessionLayer): `sessions.layer(auth.layer(application))`.
///
/// Cost: nothing for connections that do not ask.
#[derive(Clone, Debug)]
pub struct AuthLayer(Arc<Auth>);

impl AuthLayer {
    /// A layer over a site's users.
    pub fn new(auth: impl Into<Arc<Auth>>) -> Self {
        Self(auth.into())
    }
}

impl<A: Application> Layer<A> for AuthLayer {
    type Service = WithUser;

    fn layer(&self, inner: A) -> WithUser {
        WithUser {
            auth: Arc::clone(&self.0),
            application: inner.boxed(),
        }
    }
}

/// See [`AuthLayer`].
#[derive(Clone, Debug)]
pub struct WithUser {
    auth: Arc<Auth>,
    application: BoxApplication,
}

impl Application for WithUser {
    fn call(&self, mut connection: Connection) -> impl Future<Output = Result<(), AppError>> + Send {
        if !matches!(connection.scope, Scope::Lifespan(_)) {
            let user = ScopeUser(Arc::new(Inner {
                auth: Arc::clone(&self.auth),
                known: Mutex::new(None),
            }));
            connection.scope.extensions_mut().insert(user);
        }
        self.application.call_boxed(connection)
    }
}

/// In the scope's extensions.
#[derive(Clone)]
struct ScopeUser(Arc<Inner>);

struct Inner {
    auth: Arc<Auth>,
    /// The user, if there is one, once somebody asked.
    known: Mutex<Option<Option<User>>>,
}

impl fmt::Debug for ScopeUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScopeUser")
    }
}

fn parts(extensions: &Extensions) -> Result<(&Inner, &SessionHandle), ScopeError> {
    let user = extensions
        .get::<ScopeUser>()
        .ok_or(ScopeError::Layer("AuthLayer"))?;
    let session = extensions.get().ok_or(ScopeError::Layer("SessionLayer"))?;
    Ok((&user.0, session))
}

/// The user of a scope with these extensions (Channels: `get_user(scope)`); `None` for the anonymous one. Asks the
/// database once per connection: who logs out elsewhere, or is made inactive, stays on an open WebSocket what they were.
///
/// # Errors
/// [`ScopeError`].
pub async fn get_user(extensions: &Extensions) -> Result<Option<User>, ScopeError> {
    let (user, session) = parts(extensions)?;
    let mut known = user.known.lock().await;
    if let Some(user) = &*known {
        return Ok(user.clone());
    }
    let found = user.auth.user(&mut *session.lock().await?).await?;
    *known = Some(found.clone());
    Ok(found)
}

/// Makes `user` the scope's, and its session's (Channels: `login(scope, user)`). Over a WebSocket the session is to be
/// [saved](SessionHandle::save) afterwards; the CSRF secret is to be replaced where there is one.
///
/// # Errors
/// [`ScopeError`].
pub async fn login(extensions: &Extensions, user: &User) -> Result<(), ScopeError> {
    let (scope, session) = parts(extensions)?;
    let mut known = scope.known.lock().await;
    scope.auth.login(&mut *session.lock().await?, user).await?;
    *known = Some(Some(user.clone()));
    Ok(())
}

/// Forgets the scope's user and session (Channels: `logout(scope)`). Over a WebSocket the session is to be
/// [saved](SessionHandle::save) afterwards.
///
/// # Errors
/// [`ScopeError`].
pub async fn logout(extensions: &Extensions) -> Result<(), ScopeError> {
    let (scope, session) = parts(extensions)?;
    let mut known = scope.known.lock().await;
    Auth::logout(&mut *session.lock().await?);
    *known = Some(None);
    Ok(())
}
