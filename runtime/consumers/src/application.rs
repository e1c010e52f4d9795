//! A consumer as the application of a URL.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use laureola_asgi::{Application, BoxFuture, Connection, Scope, WebSocketScope};

use crate::Result;
use crate::context::Settings;
use crate::driver::{self, Socket};
use crate::json::EncodeJson;
use crate::layers::Layers;
use crate::relay::MakeRelay;
use crate::routing;

/// Consumers of one kind, one made for each connection; see [`as_application`](crate::as_application). Clones share it.
#[derive(Clone)]
pub struct ConsumerApplication(Arc<Call>);

type Call = dyn Fn(Connection) -> BoxFuture<'static, Result<()>> + Send + Sync;

impl ConsumerApplication {
    pub(crate) fn new(
        call: impl Fn(Connection) -> BoxFuture<'static, Result<()>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(call))
    }
}

impl Application for ConsumerApplication {
    fn call(&self, connection: Connection) -> impl Future<Output = Result<()>> + Send {
        (self.0)(connection)
    }
}

impl fmt::Debug for ConsumerApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConsumerApplication")
    }
}

/// The application of WebSocket consumers; other protocols are answered with 404.
pub(crate) fn of_socket<S, F>(
    layers: Layers,
    encode: Option<EncodeJson>,
    relay: Option<MakeRelay>,
    make: F,
) -> ConsumerApplication
where
    S: Socket,
    F: Fn(&WebSocketScope) -> Result<S> + Send + Sync + 'static,
{
    let settings = Arc::new(Settings {
        layers,
        encode,
        relay,
    });
    ConsumerApplication::new(move |connection| {
        let Connection { scope, receive, send } = connection;
        let scope = match scope {
            Scope::WebSocket(scope) => scope,
            scope => return Box::pin(routing::not_found(Connection { scope, receive, send })),
        };
        match make(&scope) {
            Ok(socket) => {
                let settings = Arc::clone(&settings);
                Box::pin(driver::run(socket, settings, scope, receive, send))
            }
            Err(error) => Box::pin(driver::deny(error, send)),
        }
    })
}
