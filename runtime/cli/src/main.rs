//! The `laureola` command with the plugins it was built with.

use std::process::ExitCode;

use laureola::Plugins;

// Thousands of small allocations per connection: measured against the system's allocator, this
// one keeps an idle socket smaller and returns a burst's memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    laureola_cli::run("laureola", plugins())
}

fn plugins() -> Plugins {
    let plugins = Plugins::new();
    #[cfg(feature = "chat")]
    let plugins = plugins.with(laureola_chat::Chat::default());
    plugins
}
