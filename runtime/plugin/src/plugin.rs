//! The trait of a plugin.

use std::future::Future;

use laureola_asgi::AppError;

use crate::registry::Registry;

/// A part of a site that compiles into a server: a chat, a dashboard, an API.
pub trait Plugin: Send + Sync + 'static {
    /// A short name for logs and errors, such as `chat`.
    fn name(&self) -> &'static str;

    /// Declares routes. No I/O here: that is what [`Plugin::startup`] is for.
    ///
    /// # Errors
    /// Whatever makes the plugin unusable, such as a bad setting; the server does not start.
    fn register(&self, registry: &mut Registry<'_>) -> Result<(), PluginError>;

    /// Opens what the plugin needs, before the server serves (ASGI: `lifespan.startup`).
    ///
    /// # Errors
    /// The server does not start; plugins that did are shut down again.
    fn startup(&self) -> impl Future<Output = Result<(), AppError>> + Send {
        async { Ok(()) }
    }

    /// Closes it, after the last connection has ended (ASGI: `lifespan.shutdown`).
    fn shutdown(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// A plugin that keeps its server from starting.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PluginError {
    /// It cannot declare its routes.
    #[error("plugin {plugin} cannot be registered: {reason}")]
    Register {
        /// The plugin's name.
        plugin: &'static str,
        /// Why.
        reason: String,
    },
    /// A URL pattern of some plugin is not valid.
    #[error(transparent)]
    Pattern(#[from] laureola_consumers::routing::PatternError),
    /// A named channel cannot have its consumers.
    #[error(transparent)]
    Worker(#[from] laureola_consumers::worker::WorkerError),
    /// It could not start.
    #[error("plugin {plugin} could not start: {reason}")]
    Startup {
        /// The plugin's name.
        plugin: &'static str,
        /// Why.
        reason: String,
    },
}
