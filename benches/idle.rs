//! The resident memory of idle WebSocket connections to the chat, all of them in groups of 100.
//!
//! The server is this program again, in a process of its own, and runs the `laureola` command's
//! path with its allocator. The figure is what the process grew by, divided by the connections.

use std::env;
use std::process::ExitCode;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use laureola::Plugins;
use laureola_benches::idle::clients::{self, Handshake};
use laureola_benches::idle::memory::{Memory, open_files};
use laureola_benches::idle::report::{self, Row};
use laureola_benches::idle::server::{MARKER, Server};
use laureola_testkit::RedisServer;

/// The allocator of the `laureola` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONNECTIONS: usize = 5_000;
/// Enough for `cargo test` to see that it works.
const SMOKE_CONNECTIONS: usize = 50;
/// What a process has open beside its connections, generously.
const OTHER_FILES: usize = 100;

/// Measures the memory of idle WebSocket connections to the chat
#[derive(Debug, Parser)]
struct Options {
    /// How many connections [default: 5000; without --bench, as `cargo test` runs it, 50]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    connections: Option<u32>,

    /// Print the figures as JSON
    #[arg(long)]
    json: bool,

    /// Only runs whose name, such as idle/redis/browser, contains this
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
    if env::var_os(MARKER).is_some() {
        return laureola_cli::run("laureola", Plugins::new().with(laureola_chat::Chat::default()));
    }
    let options = Options::parse();
    if options.list {
        return ExitCode::SUCCESS;
    }
    match measure(&options) {
        Ok(rows) if rows.is_empty() => {}
        Ok(rows) if options.json => print!("{}", report::json(&rows)),
        Ok(rows) => print!("{}", report::table(&rows)),
        Err(error) => {
            eprintln!("idle: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn measure(options: &Options) -> Result<Vec<Row>, String> {
    let default = if options.bench {
        CONNECTIONS
    } else {
        SMOKE_CONNECTIONS
    };
    let connections = options.connections.map_or(default, |count| count as usize);
    let needed = connections + OTHER_FILES;
    if let Some(limit) = open_files()
        && limit < needed
    {
        return Err(format!(
            "{connections} connections need {needed} open files, and the limit is {limit}: \
             say `ulimit -n {needed}` first, or take fewer with --connections"
        ));
    }
    let mut rows = Vec::new();
    for layer in ["memory", "redis"] {
        for handshake in [Handshake::Bare, Handshake::Browser] {
            let name = format!("idle/{layer}/{}", handshake.name());
            if options.filter.as_ref().is_none_or(|filter| name.contains(filter)) {
                rows.push(run(&name, layer, handshake, connections, options.bench)?);
            }
        }
    }
    Ok(rows)
}

/// One run with a server, and a Redis, of its own.
fn run(
    name: &str,
    layer: &'static str,
    handshake: Handshake,
    connections: usize,
    patient: bool,
) -> Result<Row, String> {
    let redis = (layer == "redis").then(RedisServer::start);
    let url = redis
        .as_ref()
        .map_or_else(|| "memory://".to_owned(), RedisServer::url);
    let server = Server::start(&url)?;
    let memory = if patient { Memory::settled } else { Memory::now };

    let before = memory(server.pid());
    let progress = progress(name, connections);
    let mut sockets = clients::connect(server.port(), connections, handshake, || progress.inc(1))?;
    progress.finish_and_clear();
    let after = memory(server.pid());

    clients::talk(&mut sockets)?;
    drop(sockets);
    server.stop()?;
    Ok(Row::new(layer, handshake, connections, before, after))
}

/// A bar on stderr, if that is a terminal.
fn progress(name: &str, connections: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} connections, {per_sec}")
        .expect("a valid template");
    let progress = ProgressBar::new(connections as u64).with_style(style);
    progress.set_prefix(name.to_owned());
    progress
}
