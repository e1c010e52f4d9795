//! The Redis of the runs: one server for all of them, emptied between.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::child::{Started, free_port};
use super::interrupt::Interrupt;

/// How long an answer may take.
const DEADLINE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Redis {
    process: Started,
    port: u16,
}

impl Redis {
    /// Starts `program` without persistence.
    pub(super) fn start(program: &Path, log: &Path, interrupt: &Interrupt) -> Result<Self> {
        let port = free_port()?;
        let mut command = Command::new(program);
        command
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no"]);
        let mut process = Started::new("redis", &mut command, log)?;
        process.listens(port, interrupt)?;
        Ok(Self { process, port })
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Removes everything.
    pub(super) fn flush(&self) -> Result<()> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let mut stream = stream.with_context(|| self.process.last_words())?;
        stream
            .set_read_timeout(Some(DEADLINE))
            .context("a deadline for Redis")?;
        stream
            .write_all(b"FLUSHALL\r\n")
            .context("cannot write to Redis")?;
        let mut answer = String::new();
        BufReader::new(stream)
            .read_line(&mut answer)
            .context("Redis does not answer")?;
        if answer != "+OK\r\n" {
            bail!("Redis does not flush: {answer:?}");
        }
        Ok(())
    }
}
