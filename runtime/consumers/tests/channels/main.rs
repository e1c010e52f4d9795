//! What Channels' own tests expect of its consumers, of ours. Tests carry the names they have there.

mod http;
mod middleware;
mod relay;
mod routing;
mod sync;
mod testing;
mod websocket;
mod worker;

use laureola_layers::{GroupName, Layer, MemoryLayer};

fn layer() -> Layer {
    Layer::new(MemoryLayer::new())
}

fn group(name: &str) -> GroupName {
    GroupName::new(name).expect("a group's name")
}
