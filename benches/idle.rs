//! The resident memory of idle WebSocket connections: to the chat, all of them in groups of 100, and
//! to an echo.
//!
//! The server is this program again, in a process of its own, with the `laureola` command's
//! allocator and, for the chat, its path. The figure is what the process grew by, divided by the
//! connections.

use std::env;
use std::process::ExitCode;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use laureola::Plugins;
use laureola_benches::idle::application::{Application, serve_echo};
use laureola_benches::idle::clients::{self, Handshake};
use laureola_benches::idle::memory::Memory;
use laureola_benches::idle::report::{self, Row};
use laureola_benches::idle::server::{MARKER, Server};
use laureola_load::system::allow_open_files;
use laureola_testkit::RedisServer;

/// The allocator of the `laureola` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: usize = 10_000;
/// Enough for `cargo test` to see that it works.
const SMOKE_CONNECTIONS: usize = 50;
/// What a process has open beside its connections, generously.
const OTHER_FILES: usize = 100;

/// Measures the memory of idle WebSocket connections to the chat
#[derive(Debug, Parser)]
struct Options {
    /// Only connections to this: chat or echo
    #[arg(long, value_name = "NAME", value_parser = named)]
    application: Option<Application>,

    /// How many connections [default: 10000; without --bench, as `cargo test` runs it, 50]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    connections: Option<u32>,

    /// Print the figures as JSON
    #[arg(long)]
    json: bool,

    /// Only runs whose name, such as idle/chat/redis/browser, contains this
    filter: Option<String>,

    /// Given by `cargo bench`
    #[arg(long, hide = true)]
    bench: bool,

    /// Given to test binaries to learn their tests: this one has none to choose from
    #[arg(long, hide = true)]
    list: bool,

    #[arg(long, hide = true)]
    format: Option<String>,

    #[arg(long, hide = true)]
    ignored: bool,
}

fn main() -> ExitCode {
    match env::var(MARKER).ok().and_then(|name| Application::named(&name)) {
        Some(Application::Chat) => {
            return laureola_cli::run_with("laureola", |serve, layer| {
                Ok(Plugins::new().with(serve.chat.plugin(layer)?))
            });
        }
        Some(Application::Echo) => return exit(serve_echo().map_err(|error| error.to_string())),
        None => {}
    }
    let options = Options::parse();
    if options.list {
        return ExitCode::SUCCESS;
    }
    exit(measure(&options).map(|rows| match rows {
        rows if rows.is_empty() => {}
        rows if options.json => print!("{}", report::json(&rows)),
        rows => print!("{}", report::table(&rows)),
    }))
}

fn exit(outcome: Result<(), String>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("idle: {error}");
            ExitCode::FAILURE
        }
    }
}

fn named(name: &str) -> Result<Application, String> {
    Application::named(name).ok_or_else(|| "it is chat or echo".to_owned())
}

fn measure(options: &Options) -> Result<Vec<Row>, String> {
    let default = if options.bench {
        CONNECTIONS
    } else {
        SMOKE_CONNECTIONS
    };
    let connections = options.connections.map_or(default, |count| count as usize);
    allow_open_files(connections + OTHER_FILES)?;
    let mut rows = Vec::new();
    let chat = [(Application::Chat, "memory"), (Application::Chat, "redis")];
    for (application, layer) in chat.into_iter().chain([(Application::Echo, "none")]) {
        if options.application.is_some_and(|only| only != application) {
            continue;
        }
        for handshake in [Handshake::Bare, Handshake::Browser] {
            let name = format!("idle/{}/{layer}/{}", application.name(), handshake.name());
            if options.filter.as_ref().is_none_or(|filter| name.contains(filter)) {
                let kind = (application, layer, handshake);
                rows.push(run(&name, kind, connections, options.bench)?);
            }
        }
    }
    Ok(rows)
}

/// One run with a server, and a Redis, of its own.
fn run(
    name: &str,
    (application, layer, handshake): (Application, &'static str, Handshake),
    connections: usize,
    patient: bool,
) -> Result<Row, String> {
    let redis = (layer == "redis").then(RedisServer::start);
    let url = redis
        .as_ref()
        .map_or_else(|| "memory://".to_owned(), RedisServer::url);
    let server = Server::start(application, &url)?;
    let memory = if patient { Memory::settled } else { Memory::now };

    let before = memory(server.pid());
    let progress = progress(name, connections);
    let mut sockets = clients::connect(server.port(), connections, handshake, || progress.inc(1))?;
    progress.finish_and_clear();
    let after = memory(server.pid());

    match application {
        Application::Chat => clients::talk(&mut sockets)?,
        Application::Echo => clients::talk_to_oneself(&mut sockets)?,
    }
    drop(sockets);
    server.stop()?;
    Ok(Row::new(
        application,
        layer,
        handshake,
        connections,
        before,
        after,
    ))
}

/// A bar on stderr, if that is a terminal.
fn progress(name: &str, connections: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} connections, {per_sec}")
        .expect("a valid template");
    let progress = ProgressBar::new(connections as u64).with_style(style);
    progress.set_prefix(name.to_owned());
    progress
}
