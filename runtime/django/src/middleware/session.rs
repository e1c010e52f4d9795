//! A session in the scope, loaded when somebody asks for it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use http::{HeaderValue, StatusCode};
use laureola_asgi::{AppError, Application, BoxApplication, Connection, Scope, Sender};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};
use tokio::time::timeout;
use tower_layer::Layer;

use super::cookie::SessionCookie;
use super::sink::SessionSink;
use crate::session::{Expiry, Session, SessionError, SessionStore, Sessions};

/// Loading or committing a session may take so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// Leaves a [`SessionHandle`] in the extensions of HTTP requests and WebSockets (Channels: `SessionMiddleware`).
///
/// HTTP: where the application asked for the session, it is committed before the response's head leaves, and the
/// response gets its cookie and `vary: cookie` as Django's middleware decides: a changed session is stored unless the
/// status is 500 or above, an emptied one ends its cookie. A session that was ended meanwhile is a 400, a store that
/// fails a 500. Sending the head waits for the commit, ten seconds at most; let go of the session's guard before.
///
/// WebSockets: what changed is stored by [`SessionHandle::save`] and nothing else; there is no response to put a new
/// cookie into, so that a login over a WebSocket needs a session that exists.
///
/// Cost: nothing for connections that do not ask.
pub struct SessionLayer {
    sessions: Arc<dyn AnySessions>,
    cookie: Arc<SessionCookie>,
}

impl SessionLayer {
    /// A layer over these sessions.
    pub fn new<S: SessionStore>(sessions: Sessions<S>, cookie: SessionCookie) -> Self {
        Self {
            sessions: Arc::new(sessions),
            cookie: Arc::new(cookie),
        }
    }
}

impl Clone for SessionLayer {
    fn clone(&self) -> Self {
        Self {
            sessions: Arc::clone(&self.sessions),
            cookie: Arc::clone(&self.cookie),
        }
    }
}

impl fmt::Debug for SessionLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer")
            .field("cookie", &self.cookie)
            .finish_non_exhaustive()
    }
}

impl<A: Application> Layer<A> for SessionLayer {
    type Service = WithSessions;

    fn layer(&self, inner: A) -> WithSessions {
        WithSessions {
            layer: self.clone(),
            application: inner.boxed(),
        }
    }
}

/// See [`SessionLayer`].
#[derive(Clone, Debug)]
pub struct WithSessions {
    layer: SessionLayer,
    application: BoxApplication,
}

impl Application for WithSessions {
    fn call(&self, mut connection: Connection) -> impl Future<Output = Result<(), AppError>> + Send {
        if !matches!(connection.scope, Scope::Lifespan(_)) {
            let SessionLayer { sessions, cookie } = self.layer.clone();
            let handle = SessionHandle(Arc::new(Inner {
                sent: cookie.of(&connection.scope),
                sessions,
                cookie,
                session: Mutex::new(None),
                touched: AtomicBool::new(false),
            }));
            if let Scope::Http(_) = connection.scope {
                connection.send = Sender::new(SessionSink::new(connection.send, handle.clone()));
            }
            connection.scope.extensions_mut().insert(handle);
        }
        self.application.call_boxed(connection)
    }
}

/// A connection's session, in its scope's extensions. Clones share it.
#[derive(Clone)]
pub struct SessionHandle(Arc<Inner>);

struct Inner {
    sessions: Arc<dyn AnySessions>,
    cookie: Arc<SessionCookie>,
    /// The cookie's value, as the client sent it.
    sent: Option<Box<str>>,
    /// `None` until somebody asks.
    session: Mutex<Option<Session>>,
    touched: AtomicBool,
}

/// A session nobody else can look at meanwhile.
pub type SessionGuard<'a> = MappedMutexGuard<'a, Session>;

impl SessionHandle {
    /// The session, loaded now if it was not yet; waits while somebody else holds it.
    ///
    /// # Errors
    /// [`SessionError::Store`], also after ten seconds.
    pub async fn lock(&self) -> Result<SessionGuard<'_>, SessionError> {
        self.0.touched.store(true, Ordering::Relaxed);
        timeout(PATIENCE, async {
            let mut session = self.0.session.lock().await;
            if session.is_none() {
                *session = Some(self.0.sessions.load(self.0.sent.as_deref()).await?);
            }
            Ok(MutexGuard::map(session, |session| {
                session.as_mut().expect("it was loaded above")
            }))
        })
        .await
        .unwrap_or_else(|_| Err(SessionError::store("the session is not to be had in 10 seconds")))
    }

    /// Stores what changed, and returns whether anything did. For WebSockets; an HTTP response does it by itself.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn save(&self) -> Result<bool, SessionError> {
        let mut session = self.lock().await?;
        let modified = session.is_modified();
        self.commit(&mut session).await?;
        Ok(modified)
    }

    async fn commit(&self, session: &mut Session) -> Result<(), SessionError> {
        timeout(PATIENCE, self.0.sessions.commit(session))
            .await
            .unwrap_or_else(|_| Err(SessionError::store("the session is not stored in 10 seconds")))
    }

    /// Whether a response has anything to do with the session.
    pub(super) fn is_touched(&self) -> bool {
        self.0.touched.load(Ordering::Relaxed) || self.0.cookie.save_every_request
    }

    /// What Django's middleware does with a response: commits, and says which cookie to set.
    pub(super) async fn finish(self, status: StatusCode) -> Result<Option<HeaderValue>, SessionError> {
        let mut session = self.lock().await?;
        if self.0.cookie.save_every_request {
            touch(&mut session);
        }
        let (is_modified, is_empty) = (session.is_modified(), session.is_empty());
        let is_stored = is_modified && status < StatusCode::INTERNAL_SERVER_ERROR;
        // What was flushed is gone, whatever became of the response.
        if is_stored || (is_modified && is_empty) {
            self.commit(&mut session).await?;
        }
        if is_empty {
            return Ok(self.0.sent.as_ref().and_then(|_| self.0.cookie.delete()));
        }
        let Some(key) = session.key().filter(|_| is_stored) else {
            return Ok(None);
        };
        let (expiry, data) = (self.0.sessions.expiry(), session.data());
        let age = expiry.age(data, SystemTime::now());
        let age = (!expiry.is_at_browser_close(data)).then_some(age);
        Ok(self.0.cookie.set(key.as_str(), age))
    }
}

/// Makes a session that holds anything count as changed.
fn touch(session: &mut Session) {
    let first = session.data().iter().next();
    if let Some((name, value)) = first.map(|(name, value)| (name.clone(), value.clone())) {
        session.insert(&name, value).expect("it was JSON before");
    }
}

/// Without the session: it ends up in logs.
impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionHandle")
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, SessionError>> + Send + 'a>>;

/// [`Sessions`] over whatever store.
trait AnySessions: Send + Sync {
    fn load<'a>(&'a self, cookie: Option<&'a str>) -> Boxed<'a, Session>;
    fn commit<'a>(&'a self, session: &'a mut Session) -> Boxed<'a, ()>;
    fn expiry(&self) -> &Expiry;
}

impl<S: SessionStore> AnySessions for Sessions<S> {
    fn load<'a>(&'a self, cookie: Option<&'a str>) -> Boxed<'a, Session> {
        Box::pin(Self::load(self, cookie))
    }

    fn commit<'a>(&'a self, session: &'a mut Session) -> Boxed<'a, ()> {
        Box::pin(Self::commit(self, session))
    }

    fn expiry(&self) -> &Expiry {
        Self::expiry(self)
    }
}
