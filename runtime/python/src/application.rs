//! The Python application, as the server sees it.

use std::future::{Future, poll_fn};
use std::sync::Arc;

use laureola_asgi::{AppError, Application, Connection};

use crate::bridge::{Bridge, Job};
use crate::call::Call;

/// Calls the application in the loop's thread, and waits for its end.
#[derive(Clone, Debug)]
pub(crate) struct PythonApplication(pub(crate) Arc<Bridge>);

impl Application for PythonApplication {
    // Not an `async fn`: that would keep the connection beside what becomes of it.
    fn call(&self, connection: Connection) -> impl Future<Output = Result<(), AppError>> + Send {
        let Connection { scope, receive, send } = connection;
        let call = Call::new(Arc::clone(&self.0), receive, send);
        self.0.push(Job::Call(Arc::clone(&call), scope));
        let call = Abandons(call);
        async move { poll_fn(|cx| call.0.poll_outcome(cx)).await }
    }
}

/// Cancels the application's task where the server no longer waits for it.
struct Abandons(Arc<Call>);

impl Drop for Abandons {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
