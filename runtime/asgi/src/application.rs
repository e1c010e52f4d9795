//! The application trait: one future per connection.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::AppError;
use crate::receive::Receiver;
use crate::scope::Scope;
use crate::send::Sender;

/// A boxed future, as [`BoxApplication`] returns it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What an application is called with. The fields keep ASGI's words.
#[derive(Debug)]
pub struct Connection {
    /// What is known of the connection.
    pub scope: Scope,
    /// Events from the client.
    pub receive: Receiver,
    /// Commands to the client.
    pub send: Sender,
}

/// An ASGI application: called once per connection, its future lives as long as that does.
///
/// The future is not dropped when the client leaves: the application sees the disconnect event and
/// returns, within the server's `application_close_timeout`.
pub trait Application: Send + Sync + 'static {
    /// Serves one connection.
    fn call(&self, connection: Connection) -> impl Future<Output = Result<(), AppError>> + Send;

    /// Hides the type behind one allocation per connection.
    fn boxed(self) -> BoxApplication
    where
        Self: Sized,
    {
        BoxApplication(Arc::new(self))
    }
}

/// The object-safe mirror of [`Application`].
trait DynApplication: Send + Sync {
    fn call_boxed(&self, connection: Connection) -> BoxFuture<'_, Result<(), AppError>>;
}

impl<A: Application> DynApplication for A {
    fn call_boxed(&self, connection: Connection) -> BoxFuture<'_, Result<(), AppError>> {
        Box::pin(self.call(connection))
    }
}

/// Any application, behind one shared pointer; clones share it.
#[derive(Clone)]
pub struct BoxApplication(Arc<dyn DynApplication>);

impl Application for BoxApplication {
    // Not an `async fn`: that would keep a second copy of the connection beside the boxed future.
    fn call(&self, connection: Connection) -> impl Future<Output = Result<(), AppError>> + Send {
        self.call_boxed(connection)
    }

    fn boxed(self) -> BoxApplication {
        self
    }
}

impl BoxApplication {
    /// [`Application::call`] with its future's type named, for routers that pick one of several.
    #[must_use]
    pub fn call_boxed(&self, connection: Connection) -> BoxFuture<'_, Result<(), AppError>> {
        self.0.call_boxed(connection)
    }
}

impl fmt::Debug for BoxApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxApplication")
    }
}

impl<A: Application> Application for Arc<A> {
    fn call(&self, connection: Connection) -> impl Future<Output = Result<(), AppError>> + Send {
        (**self).call(connection)
    }
}

/// An application of an `async fn(Connection) -> Result<(), AppError>`.
pub fn app_fn<F, R>(function: F) -> AppFn<F>
where
    F: Fn(Connection) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), AppError>> + Send,
{
    AppFn(function)
}

/// See [`app_fn`].
#[derive(Clone, Copy)]
pub struct AppFn<F>(F);

impl<F, R> Application for AppFn<F>
where
    F: Fn(Connection) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), AppError>> + Send,
{
    fn call(&self, connection: Connection) -> impl Future<Output = Result<(), AppError>> + Send {
        (self.0)(connection)
    }
}

impl<F> fmt::Debug for AppFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppFn")
    }
}
