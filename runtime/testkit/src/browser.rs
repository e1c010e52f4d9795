//! A headless Chromium behind its WebDriver server.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::peers::{chromedriver, chromium};
use crate::port::free_port;
use crate::process::Process;
use crate::raw_http::RawHttp;
use crate::stream::Stream;
use crate::wait::{holds_within, wait_until};

/// How long the driver may take to answer, and to close its browsers.
const DEADLINE: Duration = Duration::from_secs(30);

/// A running WebDriver server; it closes its browsers and ends on drop.
#[derive(Debug)]
pub struct ChromeDriver {
    port: u16,
    process: Process,
    /// Gone with us, whatever driver and browsers leave there.
    dir: TempDir,
}

impl ChromeDriver {
    /// Starts the driver on a free port.
    ///
    /// # Panics
    /// If it does not answer within 30 s.
    pub fn start() -> Self {
        let dir = TempDir::new().expect("a temporary directory for the browser");
        let port = free_port();
        let mut command = Command::new(chromedriver());
        command
            .arg(format!("--port={port}"))
            .env("TMPDIR", dir.path())
            .env("HOME", dir.path());
        let driver = Self {
            port,
            process: Process::spawn("chromedriver", &mut command),
            dir,
        };
        wait_until("chromedriver's answer", DEADLINE, || {
            Stream::connect(port).is_ok() && RawHttp::get(port, "/status", DEADLINE).status == 200
        });
        driver
    }

    /// `http://127.0.0.1:<port>`: what a WebDriver client connects to.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The capabilities (a JSON object) to ask for in a new session: headless, able to run as root in a container, and
    /// with everything in its log that a developer's console would show.
    pub fn capabilities(&self) -> Value {
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            // Nothing that is not asked for: it starts sooner.
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-extensions",
            "--disable-sync",
        ];
        json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": chromium(), "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        })
    }

    /// What a browser's console shows that was not asked for before, one line each: errors of scripts, breaches of a
    /// content security policy, requests that failed.
    ///
    /// # Panics
    /// If there is no such session.
    #[track_caller]
    pub fn console(&self, session: &str) -> Vec<String> {
        let entries = self.command(session, "se/log", &json!({ "type": "browser" }));
        let entries = entries.as_array().cloned().unwrap_or_default();
        let line = |entry: &Value| format!("{} {}", entry["level"], entry["message"]);
        entries.iter().map(line).collect()
    }

    /// Has Chromium's DevTools do something in a session, and returns their answer.
    ///
    /// # Panics
    /// If they do not know it.
    #[track_caller]
    pub fn devtools(&self, session: &str, command: &str, parameters: &Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.command(session, "goog/cdp/execute", &body)
    }

    /// A command that is not in the WebDriver standard.
    #[track_caller]
    fn command(&self, session: &str, path: &str, body: &Value) -> Value {
        let (port, body) = (self.port, body.to_string());
        let request = format!(
            "POST /session/{session}/{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            body.len()
        );
        let answer = RawHttp::exchange(port, request, DEADLINE);
        let answer = answer.unwrap_or_else(|| panic!("chromedriver does not answer {path}"));
        let text = answer.text();
        assert_eq!(answer.status, 200, "{path} {body}: {text}");
        let answer: Value = serde_json::from_str(&text).expect("chromedriver answers in JSON");
        answer["value"].clone()
    }

    /// Where the browsers have their profiles; their command lines name it.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The driver's process, to read its log.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

impl Drop for ChromeDriver {
    fn drop(&mut self) {
        // Killing the driver would leave its browsers running; this request makes it quit them first.
        if let Ok(mut stream) = Stream::connect(self.port) {
            let request = format!("GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", self.port);
            if stream.write(request.as_bytes()).is_ok() {
                holds_within(DEADLINE, || self.process.exit_status().is_some());
                // Chromium's helpers end a moment after it, and write to the directory that is removed next.
                holds_within(DEADLINE, || !is_named_by_a_process(self.dir.path()));
            }
        }
    }
}

/// Whether the command line of any process names `dir`.
fn is_named_by_a_process(dir: &Path) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let mut command_lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    command_lines.any(|line| String::from_utf8_lossy(&line).contains(&*dir.to_string_lossy()))
}
