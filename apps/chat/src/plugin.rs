//! The chat as a plugin.

use laureola::{Plugin, PluginError, Registry, as_application, path};

use crate::consumer::ChatConsumer;
use crate::web;

/// The chat, to be given to a server: `Plugins::new().with(Chat::default())`.
///
/// Takes the paths `/`, `/chat/…` and `/static/chat/…`, and the WebSockets of `ws/chat/…`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Chat {}

impl Plugin for Chat {
    fn name(&self) -> &'static str {
        "chat"
    }

    fn register(&self, registry: &mut Registry<'_>) -> Result<(), PluginError> {
        let consumer = as_application(registry.layer(), ChatConsumer::from_scope);
        registry.websocket(path("ws/chat/<room_name>/", consumer));
        for route in web::routes() {
            registry.http(route);
        }
        Ok(())
    }
}
