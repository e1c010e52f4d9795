//! Who takes part, and what starts it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::install::Tools;

/// What a server is made of, and what it therefore needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Family {
    /// The bare socket.
    Floor,
    /// This project, Rust.
    Rust,
    /// This project, Python.
    Laureola,
    /// Other servers for Python.
    Python,
    /// Node.
    Node,
}

/// What is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Application {
    /// Hello and echo.
    Raw,
    /// The tutorial's chat.
    Chat,
}

/// One server, with all that makes it quick. `{port}` and `{app}` are filled in.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) name: &'static str,
    pub(super) family: Family,
    program: &'static str,
    arguments: &'static str,
}

// Queues and limits are wide where a server has any: ten thousand sockets come at once.
const UVICORN: &str = "--host 127.0.0.1 --port {port} --loop uvloop --http httptools --ws auto --backlog 4096 \
                       --no-access-log --log-level critical {app}";
const GUNICORN: &str = "-w 1 -b 127.0.0.1:{port} --worker-connections 20000 --backlog 4096 --timeout 120 \
                        --log-level critical";

/// All of them.
pub(super) const SERVERS: &[Server] = &[
    server("floor", Family::Floor, "laureola-floor", "--port {port}"),
    server(
        "floor-joined",
        Family::Floor,
        "laureola-floor",
        "--port {port} --join",
    ),
    server("rust", Family::Rust, "laureola-bench-chat", "--port {port}"),
    server(
        "rust-relay",
        Family::Rust,
        "laureola-bench-chat",
        "--port {port} --mode relay {layer}",
    ),
    server(
        "rust-direct",
        Family::Rust,
        "laureola-bench-chat",
        "--port {port} --mode direct {layer}",
    ),
    server(
        "rust-handler",
        Family::Rust,
        "laureola-bench-chat",
        "--port {port} --mode handler {layer}",
    ),
    server(
        "laureola",
        Family::Laureola,
        "laureola",
        "-v 0 --loop asyncio -b 127.0.0.1 -p {port} {app}",
    ),
    server(
        "laureola-uvloop",
        Family::Laureola,
        "laureola",
        "-v 0 --loop uvloop -b 127.0.0.1 -p {port} {app}",
    ),
    server(
        "laureola-direct",
        Family::Laureola,
        "laureola",
        "-v 0 --loop asyncio -b 127.0.0.1 -p {port} {app}",
    ),
    server(
        "laureola-uvloop-direct",
        Family::Laureola,
        "laureola",
        "-v 0 --loop uvloop -b 127.0.0.1 -p {port} {app}",
    ),
    server(
        "daphne",
        Family::Python,
        "daphne",
        "-v 0 -b 127.0.0.1 -p {port} {app}",
    ),
    server("uvicorn", Family::Python, "uvicorn", UVICORN),
    server(
        "granian",
        Family::Python,
        "granian",
        "--interface asgi --host 127.0.0.1 --port {port} --workers 1 --loop uvloop --backlog 16384 \
         --backpressure 16384 --no-access-log --log-level critical {app}",
    ),
    server(
        "gunicorn-asgi",
        Family::Python,
        "gunicorn",
        "-k asgi --asgi-loop uvloop --http-parser fast {gunicorn} {app}",
    ),
    server(
        "gunicorn-uvicorn",
        Family::Python,
        "gunicorn",
        "-k uvicorn_worker.UvicornWorker {gunicorn} {app}",
    ),
    server(
        "hypercorn",
        Family::Python,
        "hypercorn",
        "-b 127.0.0.1:{port} -w 1 -k uvloop --log-level CRITICAL --backlog 4096 {app}",
    ),
    server("node-ws", Family::Node, "node", "ws_redis.js"),
    server("socketio", Family::Node, "node", "socketio_redis.js"),
];

const fn server(
    name: &'static str,
    family: Family,
    program: &'static str,
    arguments: &'static str,
) -> Server {
    Server {
        name,
        family,
        program,
        arguments,
    }
}

/// The one of that name.
pub(super) fn named(name: &str) -> Option<&'static Server> {
    SERVERS.iter().find(|server| server.name == name)
}

/// A server with a channel layer, as it takes part in a case.
#[derive(Clone, Copy, Debug)]
pub(super) struct Contender {
    pub(super) server: &'static Server,
    /// Empty, `memory`, `core`, `core-process` or `pubsub`.
    pub(super) layer: &'static str,
}

impl Contender {
    /// `uvicorn pubsub`
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.server.name, self.layer)
            .trim_end()
            .to_owned()
    }

    /// The command, and the same as one may type it.
    pub(super) fn command(
        &self,
        application: Application,
        port: u16,
        redis: &str,
        tools: &Tools,
    ) -> Result<(Command, String)> {
        let program = tools.program(self.server.family, self.server.program)?;
        let mut command = Command::new(program);
        let mut line = String::new();
        let port = port.to_string();
        for (name, value) in self.environment(application, redis, &port) {
            command.env(name, value);
            // The same for every run, as those who read it see it.
            let shown = if name == "REDIS_URL" { "…" } else { value };
            if name != "PORT" {
                line += &format!("{name}={shown} ");
            }
        }
        let layer = match (application, self.layer) {
            (Application::Raw, _) => String::new(),
            (Application::Chat, layer) => format!("--layer {layer} --redis {redis}"),
        };
        let app = match application {
            Application::Raw => "raw:application",
            Application::Chat => "mysite.asgi:application",
        };
        let fill = |port: &str, layer: &str| {
            let filled = self.server.arguments.replace("{gunicorn}", GUNICORN);
            filled
                .replace("{port}", port)
                .replace("{layer}", layer)
                .replace("{app}", app)
        };
        command.args(fill(&port, &layer).split_whitespace());
        command.current_dir(self.directory(tools)?);
        line += self.server.program;
        line += " ";
        line += &fill("PORT", &layer.replace(redis, "…"));
        Ok((command, line.trim_end().to_owned()))
    }

    fn environment<'a>(
        &self,
        application: Application,
        redis: &'a str,
        port: &'a str,
    ) -> Vec<(&'static str, &'a str)> {
        let chat = application == Application::Chat;
        match self.server.family {
            Family::Floor | Family::Rust => Vec::new(),
            Family::Node => vec![("PORT", port), ("REDIS_URL", redis), ("NODE_ENV", "production")],
            Family::Python if chat => vec![("LAYER", self.layer), ("REDIS_URL", redis)],
            Family::Laureola if chat => {
                let layer = match self.layer {
                    "memory" => "native",
                    "core" => "laureola-core",
                    _ => "laureola-pubsub",
                };
                let direct = if self.server.name.ends_with("-direct") {
                    "1"
                } else {
                    "0"
                };
                vec![("LAYER", layer), ("DIRECT", direct), ("REDIS_URL", redis)]
            }
            Family::Python | Family::Laureola => Vec::new(),
        }
    }

    /// Where the application is found.
    fn directory(&self, tools: &Tools) -> Result<PathBuf> {
        match self.server.family {
            Family::Node => tools.node_dir().context("Node was left out"),
            _ => Ok(super::install::sources("python")),
        }
    }

    /// What load is aimed at: Socket.IO has rooms of its own.
    pub(super) fn path(&self, path: &str) -> String {
        match self.server.name {
            "socketio" => "/socket.io/?EIO=4&transport=websocket".to_owned(),
            _ => path.to_owned(),
        }
    }

    /// The protocol of the load tool, where it is not the tutorial's.
    pub(super) fn protocol(&self) -> &'static [&'static str] {
        match self.server.name {
            "socketio" => &["--protocol", "socketio"],
            _ => &[],
        }
    }
}
