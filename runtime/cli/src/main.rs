//! The `laureola` command with the plugins it was built with.

use std::process::ExitCode;

use laureola::Plugins;

// Thousands of small allocations per connection: measured against the system's allocator, this
// one keeps an idle socket smaller and returns a burst's memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    laureola_cli::run_with("laureola", |serve, layer| {
        let plugins = Plugins::new();
        #[cfg(feature = "chat")]
        let plugins = plugins.with(serve.chat.plugin(layer)?);
        #[cfg(not(feature = "chat"))]
        let _ = (serve, layer);
        Ok(plugins)
    })
}
