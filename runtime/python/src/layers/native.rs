//! The layers of this process by name: what `NativeChannelLayer` and Rust's consumers share.

use std::collections::HashMap;

use laureola_layers::Layer;
use parking_lot::Mutex;

static LAYERS: Mutex<Option<Table>> = Mutex::new(None);

#[derive(Debug)]
struct Table {
    pid: u32,
    layers: HashMap<String, Layer>,
}

/// There is a layer of this name already, and somebody may have used it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the channel layer {0:?} of this process is in use: hand yours over before Python starts")]
pub struct AlreadyProvided(String);

/// Hands a layer over to Python, before it runs: `NativeChannelLayer(name=…)` is this layer then, of
/// whatever kind it is, and its own options do not count. Channels' usual name is `default`.
///
/// The layer is not closed here. A fork has it no longer.
///
/// # Errors
/// [`AlreadyProvided`], and the layer stays yours alone.
pub fn provide(name: &str, layer: Layer) -> Result<(), AlreadyProvided> {
    with(|layers| {
        if layers.contains_key(name) {
            return Err(AlreadyProvided(name.to_owned()));
        }
        layers.insert(name.to_owned(), layer);
        Ok(())
    })
}

/// The layer of this name, if Python or [`provide`] made one.
#[must_use]
pub fn get(name: &str) -> Option<Layer> {
    with(|layers| layers.get(name).cloned())
}

pub(super) fn get_or_insert(name: &str, make: impl FnOnce() -> Layer) -> Layer {
    with(|layers| layers.entry(name.to_owned()).or_insert_with(make).clone())
}

fn with<T>(f: impl FnOnce(&mut HashMap<String, Layer>) -> T) -> T {
    let pid = std::process::id();
    let mut table = LAYERS.lock();
    if table.as_ref().is_some_and(|table| table.pid != pid) {
        // Of the process this one was forked from; its locks may be in any state.
        std::mem::forget(table.take());
    }
    let table = table.get_or_insert_with(|| Table {
        pid,
        layers: HashMap::new(),
    });
    f(&mut table.layers)
}
