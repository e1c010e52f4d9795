//! One run: a fresh server (or two), an empty Redis, the load tool.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::case::Kind;
use super::child::{Started, free_port};
use super::install::Tools;
use super::interrupt::Interrupt;
use super::plan::Item;
use super::redis::Redis;
use super::server::Contender;

/// Beside its measured seconds the load tool may take this long: connecting, draining.
const PATIENCE: Duration = Duration::from_secs(150);

/// The load tool's exit status when some clients did not connect.
const NOT_ALL_CONNECTED: i32 = 3;

/// What all runs share.
pub(super) struct Bench<'a> {
    tools: &'a Tools,
    interrupt: &'a Interrupt,
    redis: Redis,
    logs: PathBuf,
    quick: bool,
    seconds: f64,
}

impl<'a> Bench<'a> {
    pub(super) fn start(
        tools: &'a Tools,
        interrupt: &'a Interrupt,
        quick: bool,
        seconds: f64,
    ) -> Result<Self> {
        let logs = tools.dir().join("logs");
        let redis = Redis::start(tools.redis_server(), &logs.join("redis.log"), interrupt)?;
        Ok(Self {
            tools,
            interrupt,
            redis,
            logs,
            quick,
            seconds: if quick { 1.0 } else { seconds },
        })
    }

    /// What the load tool found, and the server's command.
    pub(super) fn measure(&self, item: &Item) -> Result<Value> {
        self.redis.flush()?;
        let mut servers = Vec::new();
        let mut server_command = String::new();
        let mut urls = Vec::new();
        for number in 0..item.case.servers {
            let (server, line, url) = self.start_server(item, &item.contender, number)?;
            servers.push(server);
            server_command = line;
            urls.push(url);
        }
        let row = self.load(item, &mut servers, &urls);
        let mut row = row.with_context(|| servers[0].last_words())?;
        row["server_command"] = json!(server_command);
        Ok(row)
    }

    fn start_server(
        &self,
        item: &Item,
        contender: &Contender,
        number: usize,
    ) -> Result<(Started, String, String)> {
        let port = free_port()?;
        let application = item.case.application;
        let (mut command, line) = contender.command(application, port, &self.redis.url(), self.tools)?;
        let log = self.logs.join(format!("{}-{number}.log", item.file_name()));
        let mut server = Started::new(&contender.name(), &mut command, &log)?;
        server.listens(port, self.interrupt)?;
        let path = contender.path(item.case.path);
        Ok((
            server,
            line,
            format!("{}://127.0.0.1:{port}{path}", item.case.scheme()),
        ))
    }

    fn load(&self, item: &Item, servers: &mut [Started], urls: &[String]) -> Result<Value> {
        let found = self.logs.join(format!("{}.json", item.file_name()));
        let _ = fs::remove_file(&found);
        let mut words = item.case.words(self.quick);
        words.extend(item.contender.protocol().iter().map(|word| (*word).to_owned()));
        if matches!(item.case.kind, Kind::Rate | Kind::Latency) {
            words.extend(["--seconds".to_owned(), self.seconds.to_string()]);
            let warmup = if self.quick { "0.3" } else { "1" };
            words.extend(["--warmup".to_owned(), warmup.to_owned()]);
        }
        let mut command = Command::new(self.tools.load());
        command.args(&words);
        for url in urls {
            command.args(["--url", url]);
        }
        for server in &*servers {
            command.args(["--server-pid", &server.pid().to_string()]);
        }
        command.args(["--redis-pid", &self.redis.pid().to_string(), "--quiet"]);
        command
            .args(["--label", &item.contender.name(), "--json"])
            .arg(&found);
        let log = self.logs.join(format!("{}-load.log", item.file_name()));
        let mut load = Started::new("laureola-load", &mut command, &log)?;
        let deadline = PATIENCE + Duration::from_secs_f64(self.seconds);
        let status = self.interrupt.wait("the load tool", deadline, || {
            for server in &mut *servers {
                if let Some(status) = server.ended()? {
                    bail!("the server ended with {status} under load");
                }
            }
            load.ended()
        })?;
        if !(status.success() || status.code() == Some(NOT_ALL_CONNECTED) && found.exists()) {
            bail!("the load tool ended with {status}\n  {}", load.last_words());
        }
        let mut row = read(&found)?;
        row["load_command"] = json!(format!("laureola-load {}", words.join(" ")));
        Ok(row)
    }
}

fn read(file: &Path) -> Result<Value> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_str(text.trim()).with_context(|| format!("no JSON: {text}"))
}
