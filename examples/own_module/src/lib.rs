//! Rust in a Django project: a consumer that shares its room with the Python consumers of the same process.

use laureola::asgi::Payload;
use laureola::layers::GroupName;
use laureola::{Context, Plugin, PluginError, Registry, Result, Shared, WebsocketConsumer};
use laureola::{path, websocket_application};
use pyo3::prelude::*;
use serde::{Deserialize, Serialize};

/// What the members of the room send each other, in either language.
#[derive(Deserialize, Serialize)]
#[serde(tag = "type")]
enum Event {
    #[serde(rename = "room.said")]
    Said { text: String },
}

/// One WebSocket in the room.
struct Member(GroupName);

impl WebsocketConsumer for Member {
    type Event = Event;

    fn groups(&self) -> Vec<GroupName> {
        vec![self.0.clone()]
    }

    // Python may also send what the client is to get as it is.
    fn direct_delivery() -> bool {
        true
    }

    async fn receive(&mut self, ctx: &mut Context, message: Payload) -> Result<()> {
        let Payload::Text(text) = message else {
            return Ok(());
        };
        let text = text.to_string();
        ctx.group_send(&self.0, &Event::Said { text }).await
    }

    async fn event(&mut self, ctx: &mut Context, event: Shared<Event>) -> Result<()> {
        let Event::Said { text } = &*event;
        ctx.send_text(format!("Rust hears {text}")).await
    }
}

/// `--plugin room`: the route, which is tried before the Python application's.
struct Room;

impl Plugin for Room {
    fn name(&self) -> &'static str {
        "room"
    }

    fn register(&self, registry: &mut Registry<'_>) -> Result<(), PluginError> {
        let member = |_: &_| Ok(Member(GroupName::new("room")?));
        registry.websocket(path("ws/rust/", websocket_application(registry.layers(), member)));
        Ok(())
    }
}

/// `mysite._rust`.
#[pymodule]
fn _rust(module: &Bound<'_, PyModule>) -> PyResult<()> {
    laureola_python::extend(module, &[("room", |plugins| plugins.with(Room))])
}
