//! What a server does with its plugins.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use laureola_asgi::{AppError, Application, BoxApplication, ProtocolTypeRouter};
use laureola_consumers::routing::Route;
use laureola_consumers::{ChannelNameRouter, Layers, URLRouter};

use crate::plugin::{Plugin, PluginError};
use crate::registry::Registry;

/// How long one plugin may take to start, and to shut down.
const HOOK_TIMEOUT: Duration = Duration::from_secs(30);

/// The plugins of a server, in the order in which their routes are tried.
#[derive(Clone, Default)]
pub struct Plugins(Vec<Arc<dyn DynPlugin>>);

impl Plugins {
    /// No plugins.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These and one more, behind them.
    #[must_use]
    pub fn with(mut self, plugin: impl Plugin) -> Self {
        self.0.push(Arc::new(plugin));
        self
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|plugin| plugin.name())
    }

    /// One application of all their routes; what no route matches is a 404. `layers` is a channel layer, or
    /// [`Layers`] by alias.
    ///
    /// # Errors
    /// A plugin that cannot be registered, or a URL pattern that is not valid.
    pub fn application<L>(&self, layers: &L) -> Result<ProtocolTypeRouter, PluginError>
    where
        L: Clone + Into<Layers>,
    {
        let layers = layers.clone().into();
        let registry = self.registered(&layers)?;
        Ok(ProtocolTypeRouter::new()
            .http(URLRouter::new(registry.http)?)
            .websocket(URLRouter::new(registry.websocket)?))
    }

    /// The same in front of another application: that gets what no route matches, and the lifespan. It is what is
    /// returned where there are no routes.
    ///
    /// # Errors
    /// As [`Plugins::application`].
    pub fn in_front_of<L>(
        &self,
        layers: &L,
        application: impl Application,
    ) -> Result<BoxApplication, PluginError>
    where
        L: Clone + Into<Layers>,
    {
        let layers = layers.clone().into();
        let registry = self.registered(&layers)?;
        let application = application.boxed();
        if registry.http.is_empty() && registry.websocket.is_empty() {
            return Ok(application);
        }
        let router = |routes: Vec<Route>| -> Result<BoxApplication, PluginError> {
            if routes.is_empty() {
                return Ok(application.clone());
            }
            Ok(URLRouter::new(routes)?.fallback(application.clone()).boxed())
        };
        Ok(ProtocolTypeRouter::new()
            .http(router(registry.http)?)
            .websocket(router(registry.websocket)?)
            .lifespan(application.clone())
            .boxed())
    }

    /// The consumers of their named channels, for a worker.
    ///
    /// # Errors
    /// A plugin that cannot be registered, a name that is no channel's, or one that two plugins want.
    pub fn workers<L>(&self, layers: &L) -> Result<ChannelNameRouter, PluginError>
    where
        L: Clone + Into<Layers>,
    {
        let layers = layers.clone().into();
        Ok(ChannelNameRouter::new(self.registered(&layers)?.workers)?)
    }

    fn registered<'a>(&self, layers: &'a Layers) -> Result<Registry<'a>, PluginError> {
        let mut registry = Registry::new(layers);
        for plugin in &self.0 {
            plugin.register(&mut registry)?;
        }
        Ok(registry)
    }

    /// Starts the plugins, in order. Each may take 30 seconds.
    ///
    /// # Errors
    /// The first that cannot start; those that did are shut down again.
    pub async fn startup(&self) -> Result<(), PluginError> {
        for (number, plugin) in self.0.iter().enumerate() {
            let started = tokio::time::timeout(HOOK_TIMEOUT, plugin.startup()).await;
            let reason = match started {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("it took longer than {} seconds", HOOK_TIMEOUT.as_secs()),
            };
            shut_down(&self.0[..number]).await;
            return Err(PluginError::Startup {
                plugin: plugin.name(),
                reason,
            });
        }
        Ok(())
    }

    /// Shuts the plugins down, in the opposite order. Each may take 30 seconds; one that takes
    /// longer is named in the log and left.
    pub async fn shutdown(&self) {
        shut_down(&self.0).await;
    }
}

async fn shut_down(plugins: &[Arc<dyn DynPlugin>]) {
    for plugin in plugins.iter().rev() {
        if tokio::time::timeout(HOOK_TIMEOUT, plugin.shutdown())
            .await
            .is_err()
        {
            tracing::error!(plugin = plugin.name(), "the plugin did not shut down in time");
        }
    }
}

impl fmt::Debug for Plugins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The object-safe mirror of [`Plugin`].
trait DynPlugin: Send + Sync {
    fn name(&self) -> &'static str;
    fn register(&self, registry: &mut Registry<'_>) -> Result<(), PluginError>;
    fn startup(&self) -> Boxed<'_, Result<(), AppError>>;
    fn shutdown(&self) -> Boxed<'_, ()>;
}

impl<P: Plugin> DynPlugin for P {
    fn name(&self) -> &'static str {
        Plugin::name(self)
    }

    fn register(&self, registry: &mut Registry<'_>) -> Result<(), PluginError> {
        Plugin::register(self, registry)
    }

    fn startup(&self) -> Boxed<'_, Result<(), AppError>> {
        Box::pin(Plugin::startup(self))
    }

    fn shutdown(&self) -> Boxed<'_, ()> {
        Box::pin(Plugin::shutdown(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use laureola_consumers::path;
    use laureola_layers::{Layer, MemoryLayer};
    use parking_lot::Mutex;

    struct Recorder {
        name: &'static str,
        starts: bool,
        log: Arc<Mutex<Vec<String>>>,
    }

    impl Recorder {
        fn note(&self, what: &str) {
            self.log.lock().push(format!("{what} {}", self.name));
        }
    }

    impl Plugin for Recorder {
        fn name(&self) -> &'static str {
            self.name
        }

        fn register(&self, registry: &mut Registry<'_>) -> Result<(), PluginError> {
            let answer = laureola_asgi::router::NotFound;
            registry.http(path(if self.starts { "ok/" } else { "<bad:pattern>" }, answer));
            Ok(())
        }

        async fn startup(&self) -> Result<(), AppError> {
            self.note("start");
            if self.starts {
                Ok(())
            } else {
                Err(AppError::msg("no database"))
            }
        }

        async fn shutdown(&self) {
            self.note("stop");
        }
    }

    fn plugins(last_starts: bool) -> (Plugins, Arc<Mutex<Vec<String>>>) {
        let log = Arc::new(Mutex::new(Vec::new()));
        let plugin = |name, starts| Recorder {
            name,
            starts,
            log: Arc::clone(&log),
        };
        (
            Plugins::new()
                .with(plugin("a", true))
                .with(plugin("b", last_starts)),
            log,
        )
    }

    #[tokio::test]
    async fn plugins_start_in_order_and_stop_in_the_opposite_one() {
        let (plugins, log) = plugins(true);
        plugins.startup().await.expect("both start");
        plugins.shutdown().await;
        assert_eq!(*log.lock(), ["start a", "start b", "stop b", "stop a"]);
    }

    #[tokio::test]
    async fn a_plugin_that_cannot_start_stops_those_before_it() {
        let (plugins, log) = plugins(false);
        let error = plugins.startup().await.expect_err("b fails");
        assert_eq!(error.to_string(), "plugin b could not start: no database");
        assert_eq!(*log.lock(), ["start a", "start b", "stop a"]);
    }

    #[test]
    fn a_bad_pattern_keeps_the_server_from_starting() {
        let layer = Layer::new(MemoryLayer::new());
        let error = plugins(false).0.application(&layer).expect_err("a bad pattern");
        assert!(error.to_string().contains("<bad:pattern>"), "{error}");
    }
    /// Wants a channel, and its consumers another layer.
    struct Counts;

    impl Plugin for Counts {
        fn name(&self) -> &'static str {
            "counts"
        }

        fn register(&self, registry: &mut Registry<'_>) -> Result<(), PluginError> {
            let failed = |error: AppError| PluginError::Register {
                plugin: "counts",
                reason: error.to_string(),
            };
            registry.layer_named("metrics").map_err(failed)?;
            registry.worker("counts", laureola_consumers::worker_application(|| Ok(Self)));
            Ok(())
        }
    }

    impl laureola_consumers::WorkerConsumer for Counts {
        type Event = ();

        async fn event(
            &mut self,
            _: &mut laureola_consumers::WorkerContext,
            _: laureola_consumers::Shared<()>,
        ) -> laureola_consumers::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_plugin_registers_workers_and_finds_layers_by_alias() {
        let layer = || Layer::new(MemoryLayer::new());
        let plugins = Plugins::new().with(Counts);
        let error = plugins.workers(&layer()).expect_err("one layer only").to_string();
        assert_eq!(
            error,
            "plugin counts cannot be registered: no channel layer has the alias \"metrics\"; there are: default"
        );
        let layers = laureola_layers::ChannelLayers::new().with("default", layer());
        let layers = Layers::new(layers.with("metrics", layer()), "default").expect("it is there");
        let router = plugins.workers(&layers).expect("registered");
        let channels: Vec<_> = router.channels().map(|channel| channel.as_str()).collect();
        assert_eq!(channels, ["counts"]);
        let twice = plugins
            .with(Counts)
            .workers(&layers)
            .expect_err("twice")
            .to_string();
        assert!(twice.contains("channel counts"), "{twice}");
    }
}
