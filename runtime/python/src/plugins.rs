//! What `--plugin` can name: the chat, and what a module of somebody's own adds.

use std::sync::OnceLock;

use anyhow::{Result, bail};
use laureola::Plugins;
use laureola_cli::args::ServeArgs;
use laureola_cli::layer::LayerArgs;

/// A plugin by the name that `--plugin` has for it: a function puts it behind those that are there.
///
/// It is called once for each process that serves, before it does.
pub type Named = (&'static str, fn(Plugins) -> Plugins);

static ADDED: OnceLock<&'static [Named]> = OnceLock::new();

/// Adds to what `--plugin` can name. A module is made once in a process: what counts is said first.
pub(crate) fn add(plugins: &'static [Named]) {
    let _ = ADDED.set(plugins);
}

/// Those that the command line names, in its order.
pub(crate) fn chosen(serve: &ServeArgs, layer: &LayerArgs) -> Result<Plugins> {
    let added = ADDED.get().copied().unwrap_or_default();
    let mut plugins = Plugins::new();
    for name in &serve.python.plugins {
        plugins = match added.iter().find(|(known, _)| known == name) {
            Some((_, put)) => put(plugins),
            None if name == "chat" => plugins.with(serve.chat.plugin(layer)?),
            None => {
                let names: String = added.iter().map(|(name, _)| format!(", {name}")).collect();
                bail!("there is no plugin {name:?} in this command; there is: chat{names}")
            }
        };
    }
    Ok(plugins)
}
