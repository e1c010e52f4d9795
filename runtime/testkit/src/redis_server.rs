//! A Redis-compatible server of a test's own.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::peers::redis_binary;
use crate::port::free_port;
use crate::process::Process;
use crate::resp::{RespClient, RespValue};
use crate::wait::holds_within;

/// How long a server may take to answer; it takes some 10 ms on an idle machine.
const START_DEADLINE: Duration = Duration::from_secs(20);

/// How often another port is tried when someone else took the one we found free.
const ATTEMPTS: usize = 5;

/// A running server on 127.0.0.1, empty at the start, without persistence; it is killed on drop.
#[derive(Debug)]
pub struct RedisServer {
    program: PathBuf,
    /// The configuration of a Sentinel.
    sentinel: Option<String>,
    port: u16,
    args: Vec<String>,
    /// `None` after [`stop`](Self::stop).
    process: Option<Process>,
    /// The server's working directory.
    dir: TempDir,
}

impl RedisServer {
    /// Starts a server on a free port and waits until it answers.
    ///
    /// # Panics
    /// If it does not answer within 20 s.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Like [`start`](Self::start), with further arguments, e.g. `&["--maxmemory", "10mb"]`.
    pub fn start_with(args: &[&str]) -> Self {
        Self::start_program(&redis_binary(), args)
    }

    /// Like [`start_with`](Self::start_with), with another program, e.g. `tls_redis_binary()`.
    pub fn start_program(program: &Path, args: &[&str]) -> Self {
        Self::start_as(program.to_owned(), None, args)
    }

    /// Starts a Sentinel. `config` is what its configuration file holds besides the port, e.g.
    /// `sentinel monitor mymaster 127.0.0.1 6379 1`; the Sentinel writes into that file.
    pub fn start_sentinel(config: &str) -> Self {
        Self::start_as(redis_binary(), Some(config.to_owned()), &[])
    }

    fn start_as(program: PathBuf, sentinel: Option<String>, args: &[&str]) -> Self {
        let args = args.iter().map(|&arg| arg.to_owned()).collect();
        let dir = TempDir::new().expect("a temporary directory for the server");
        let mut server = Self {
            program,
            sentinel,
            port: 0,
            args,
            process: None,
            dir,
        };
        for _ in 1..ATTEMPTS {
            server.port = free_port();
            match server.launch() {
                Ok(()) => return server,
                Err(output) if output.contains("Address already in use") => {}
                Err(output) => panic!("{output}"),
            }
        }
        server.port = free_port();
        server.launch().unwrap_or_else(|output| panic!("{output}"));
        server
    }

    /// `redis://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The port; the same after a restart.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id.
    ///
    /// # Panics
    /// If the server is stopped.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("the server is stopped").pid()
    }

    /// The running process, to suspend it or to read its log.
    ///
    /// # Panics
    /// If the server is stopped.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("the server is stopped")
    }

    /// Kills the server with SIGKILL: its connections end, its data is gone, its port refuses.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Kills the server if it runs, and starts an empty one on the same port.
    ///
    /// # Panics
    /// If it does not answer within 20 s.
    pub fn restart(&mut self) {
        self.stop();
        self.launch().unwrap_or_else(|output| panic!("{output}"));
    }

    /// One command on a connection of its own, e.g. `redis.command(&["ZCARD", key])`.
    ///
    /// # Panics
    /// If there is no reply. An error reply is a value.
    #[track_caller]
    pub fn command<A: AsRef<[u8]>>(&self, words: &[A]) -> RespValue {
        let reply = RespClient::connect(self.port).and_then(|mut client| client.command(words));
        reply.unwrap_or_else(|error| panic!("no reply from Redis on port {}: {error}", self.port))
    }

    /// Starts the process and waits for its answer; what it wrote, if it ends or keeps silent.
    fn launch(&mut self) -> Result<(), String> {
        let args = self.arguments();
        let mut process = Process::start("the Redis-compatible server", &self.program, &args);
        let (port, pid) = (self.port, process.pid());
        let mut ended = false;
        let answered = holds_within(START_DEADLINE, || {
            ended = process.exit_status().is_some();
            ended || answers(port, pid)
        });
        if ended || !answered {
            let how = if ended { "ended at once" } else { "does not answer" };
            return Err(format!(
                "the Redis-compatible server on port {port} {how}\n{}",
                process.output()
            ));
        }
        self.process = Some(process);
        Ok(())
    }
}

impl RedisServer {
    fn arguments(&self) -> Vec<String> {
        let dir = self.dir.path();
        let text = |path: &Path| {
            let text = path.to_str();
            text.expect("the temporary directory has a UTF-8 name").to_owned()
        };
        let Some(config) = &self.sentinel else {
            let (port, dir) = (self.port.to_string(), text(dir));
            let args = [
                "--port",
                &port,
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
            ];
            let args = args.into_iter().chain(["--dir", &dir]).map(str::to_owned);
            return args.chain(self.args.iter().cloned()).collect();
        };
        // It keeps what it has learned there; a restarted one goes on from that.
        let file = dir.join(format!("sentinel-{}.conf", self.port));
        if !file.exists() {
            let whole = format!(
                "port {}\nbind 127.0.0.1\ndir {}\n{config}\n",
                self.port,
                text(dir)
            );
            fs::write(&file, whole).expect("the configuration of a Sentinel can be written");
        }
        vec![text(&file), "--sentinel".to_owned()]
    }
}

/// Whether the server on `port` answers and is the process `pid`, not someone else who took the port.
fn answers(port: u16, pid: u32) -> bool {
    let Ok(mut client) = RespClient::connect(port) else {
        return false;
    };
    match client.command(&["PING"]) {
        Ok(RespValue::Simple(pong)) if pong == "PONG" => {}
        // Started with a password: it cannot be asked for its process id.
        Ok(RespValue::Error(error)) => return error.starts_with("NOAUTH"),
        _ => return false,
    }
    let needle = format!("process_id:{pid}\r\n");
    client
        .command(&["INFO", "server"])
        .is_ok_and(|info| info.text().contains(&needle))
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::path::Path;

    use super::*;

    #[test]
    fn answers_and_ends_with_its_owner() {
        let redis = RedisServer::start();
        assert_eq!(redis.command(&["PING"]), RespValue::Simple("PONG".into()));
        let (port, proc) = (redis.port(), format!("/proc/{}", redis.pid()));
        assert!(Path::new(&proc).exists());
        drop(redis);
        assert!(!Path::new(&proc).exists());
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    }

    #[test]
    fn replies_of_every_kind() {
        let redis = RedisServer::start();
        assert_eq!(redis.command(&["GET", "none"]), RespValue::Nil);
        assert_eq!(redis.command(&["RPUSH", "list", "a", "b"]).int(), 2);
        assert_eq!(redis.command(&["LRANGE", "list", "0", "-1"]).texts(), ["a", "b"]);
        assert_eq!(
            redis
                .command(&[b"SET".as_slice(), b"bytes", b"\r\n\0\xff"])
                .text(),
            "OK"
        );
        assert_eq!(redis.command(&["GET", "bytes"]).bytes(), b"\r\n\0\xff");
        assert!(matches!(redis.command(&["INCR", "bytes"]), RespValue::Error(_)));
    }

    #[test]
    fn restarts_empty_on_the_same_port() {
        let mut redis = RedisServer::start();
        redis.command(&["SET", "key", "value"]);
        let (port, pid) = (redis.port(), redis.pid());
        redis.stop();
        assert!(RespClient::connect(port).is_err());
        redis.restart();
        assert_eq!(redis.port(), port);
        assert_ne!(redis.pid(), pid);
        assert_eq!(redis.command(&["GET", "key"]), RespValue::Nil);
    }

    #[test]
    fn a_sentinel_knows_its_master() {
        let master = RedisServer::start();
        let config = format!("sentinel monitor mine 127.0.0.1 {} 1", master.port());
        let sentinel = RedisServer::start_sentinel(&config);
        let address = sentinel.command(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mine"]);
        assert_eq!(address.texts(), ["127.0.0.1", &master.port().to_string()]);
    }

    #[test]
    fn takes_further_arguments() {
        let redis = RedisServer::start_with(&["--maxclients", "123"]);
        assert_eq!(
            redis.command(&["CONFIG", "GET", "maxclients"]).texts(),
            ["maxclients", "123"]
        );
    }
}
