//! The Django Channels site of `examples/django_project` under Daphne.

use std::process::Command;
use std::time::Duration;

use crate::peers::{python, workspace_root};
use crate::port::free_port;
use crate::process::Process;
use crate::stream::Stream;
use crate::wait::holds_within;
use crate::{http::HttpResponse, raw_http::RawHttp};

/// How long the site may take to answer: a second or two on an idle machine, and tests share theirs.
const START_DEADLINE: Duration = Duration::from_secs(60);

/// How often another port is tried when someone else took the one we found free.
const ATTEMPTS: usize = 3;

/// A running site on 127.0.0.1; it is killed on drop.
#[derive(Debug)]
pub struct DjangoSite {
    port: u16,
    process: Process,
}

impl DjangoSite {
    /// Starts the site with its channel layer at `redis_url`, and waits until its first page answers 200.
    ///
    /// # Panics
    /// If it does not within 60 s; the message holds what it wrote.
    pub fn start(redis_url: &str) -> Self {
        Self::start_with(redis_url, &[])
    }

    /// Like [`start`](Self::start), with further environment variables, e.g. `&[("CHANNEL_LAYER_PREFIX", "test")]`.
    pub fn start_with(redis_url: &str, environment: &[(&str, &str)]) -> Self {
        let mut refused = String::new();
        for _ in 0..ATTEMPTS {
            let port = free_port();
            let mut process = daphne(port, redis_url, environment);
            let mut ended = false;
            let answered = holds_within(START_DEADLINE, || {
                ended = process.exit_status().is_some();
                ended || answers(port)
            });
            let output = process.output();
            if answered && !ended {
                return Self { port, process };
            }
            assert!(
                ended && output.contains("Address already in use"),
                "Daphne does not answer\n{output}"
            );
            refused = output;
        }
        panic!("no free port for Daphne\n{refused}")
    }

    /// The port of HTTP and WebSocket.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `http://127.0.0.1:<port><path>`.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// `ws://127.0.0.1:<port><path>`.
    pub fn ws_url(&self, path: &str) -> String {
        format!("ws://127.0.0.1:{}{path}", self.port)
    }

    /// The running Daphne, to kill or suspend it or to read its log.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

fn daphne(port: u16, redis_url: &str, environment: &[(&str, &str)]) -> Process {
    let mut command = Command::new(python());
    command
        .args([
            "-m",
            "daphne",
            "-b",
            "127.0.0.1",
            "-p",
            &port.to_string(),
            "mysite.asgi:application",
        ])
        .current_dir(workspace_root().join("examples/django_project"))
        .env("REDIS_URL", redis_url)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUNBUFFERED", "1")
        // What the developer's shell says about Django must not change what is tested.
        .env_remove("DJANGO_SETTINGS_MODULE")
        .env_remove("DJANGO_ALLOWED_HOSTS")
        .env_remove("CHANNEL_LAYER_PREFIX")
        .envs(environment.iter().copied());
    Process::spawn("Daphne", &mut command)
}

fn answers(port: u16) -> bool {
    // While Daphne imports Django, nobody listens yet.
    if Stream::connect(port).is_err() {
        return false;
    }
    let response: Option<HttpResponse> = RawHttp::exchange(
        port,
        format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"),
        START_DEADLINE,
    );
    response.is_some_and(|response| response.status == 200)
}
