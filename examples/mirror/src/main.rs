//! A site of one's own, with one plugin: it shows its clients what the server made of them.
//!
//! `cargo run -p laureola-example-mirror -- --port 8000`, then for example
//! `curl http://127.0.0.1:8000/scope/`. All flags of `laureola` are there.
//!
//! | path | answer |
//! | --- | --- |
//! | `/scope/` | the request's scope as JSON |
//! | `/echo/` | the request's body, part by part, while it comes |
//! | `/count/` | how many bytes the request's body has, as JSON |
//! | `/parts/<n>/` | n parts of 1 KiB |
//! | `/trailers/` | a body with a trailer, where the client takes one |
//! | `/hint/` | early hints, then a page |
//! | `/page/` | an empty page, whose scripts may ask for all the others |
//! | WebSocket `/ws/` | the socket's scope as JSON, then every message |

mod http_pages;
mod scope;
mod sockets;

use std::process::ExitCode;

use laureola::asgi::app_fn;
use laureola::{Plugin, PluginError, Plugins, Registry, path};

struct Mirror;

impl Plugin for Mirror {
    fn name(&self) -> &'static str {
        "mirror"
    }

    fn register(&self, registry: &mut Registry<'_>) -> Result<(), PluginError> {
        registry.http(path("scope/", app_fn(http_pages::scope)));
        registry.http(path("echo/", app_fn(http_pages::echo)));
        registry.http(path("count/", app_fn(http_pages::count)));
        registry.http(path("parts/<int:n>/", app_fn(http_pages::parts)));
        registry.http(path("trailers/", app_fn(http_pages::trailers)));
        registry.http(path("hint/", app_fn(http_pages::hint)));
        registry.http(path("page/", app_fn(http_pages::page)));
        registry.websocket(path("ws/", app_fn(sockets::mirror)));
        Ok(())
    }
}

fn main() -> ExitCode {
    laureola_cli::run("mirror", Plugins::new().with(Mirror))
}
