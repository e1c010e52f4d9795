//! The chat as a plugin.

use std::fmt;
use std::sync::{Arc, OnceLock};

use laureola::{AppError, Layer, Plugin, PluginError, Registry, as_application, path};
use parking_lot::RwLock;

use crate::consumer::ChatConsumer;
use crate::history::Kind;
use crate::options::ChatOptions;
use crate::site::Site;
use crate::web;

/// The chat, to be given to a server: `Plugins::new().with(Chat::new(options))`. Clones are the same chat.
///
/// Takes the paths `/`, `/chat/…`, `/rooms/…`, `/admin/…`, `/static/chat/…` and those of accounts, and the WebSockets of `ws/chat/…` and `ws/<slug>/`. It serves once
/// [`startup`](Plugin::startup) has opened its database; until then, and after its shutdown, it answers 503.
#[derive(Clone, Debug, Default)]
pub struct Chat {
    options: ChatOptions,
    handle: Handle,
}

impl Chat {
    /// A chat with these settings. Nothing is opened yet.
    #[must_use]
    pub fn new(options: ChatOptions) -> Self {
        Self {
            options,
            handle: Handle::default(),
        }
    }
}

impl Chat {
    /// Its settings.
    #[must_use]
    pub fn options(&self) -> &ChatOptions {
        &self.options
    }
}

/// How pages and consumers, which are made before the site is opened, come by it.
#[derive(Clone, Default)]
pub(crate) struct Handle(Arc<Inner>);

#[derive(Default)]
struct Inner {
    layer: OnceLock<Layer>,
    site: RwLock<Option<Arc<Site>>>,
}

impl Handle {
    /// The site, while it runs.
    pub(crate) fn site(&self) -> Option<Arc<Site>> {
        self.0.site.read().clone()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.site().is_some()).finish()
    }
}

impl Plugin for Chat {
    fn name(&self) -> &'static str {
        "chat"
    }

    fn register(&self, registry: &mut Registry<'_>) -> Result<(), PluginError> {
        if self.handle.0.layer.set(registry.layer()).is_err() {
            return Err(PluginError::Register {
                plugin: self.name(),
                reason: "one chat is for one server: make another Chat for another".to_owned(),
            });
        }
        for (pattern, kind) in [
            ("ws/chat/<room_name>/", Kind::Open),
            ("ws/<slug:slug>/", Kind::Stored),
        ] {
            let handle = self.handle.clone();
            let consumer = as_application(registry.layer(), move |scope| {
                ChatConsumer::new(&handle, kind, scope)
            });
            registry.websocket(path(pattern, consumer));
        }
        for route in web::routes(&self.handle) {
            registry.http(route);
        }
        Ok(())
    }

    async fn startup(&self) -> Result<(), AppError> {
        let layer = self.handle.0.layer.get().cloned();
        let layer = layer.ok_or_else(|| AppError::msg("the chat was started before it was registered"))?;
        let site = Site::open(self.options.clone(), layer).await?;
        *self.handle.0.site.write() = Some(site);
        Ok(())
    }

    async fn shutdown(&self) {
        let site = self.handle.0.site.write().take();
        if let Some(site) = site {
            site.close().await;
        }
    }
}
