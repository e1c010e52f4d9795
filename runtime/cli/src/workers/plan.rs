//! What workers are started with.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context, Result};
use laureola::server::Endpoint;
use laureola::server::handover::{Reservation, reserve};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

use crate::args::Args;
use crate::places::place;
use crate::service;

/// Clones share it.
#[derive(Clone)]
pub(super) struct Plan(Arc<Inner>);

struct Inner {
    program: PathBuf,
    args: Vec<OsString>,
    endpoints: Vec<Endpoint>,
    reservations: Vec<Reservation>,
    /// systemd's descriptors are ours to pass on.
    activated: bool,
}

impl Plan {
    /// Takes hold of every address.
    pub(super) async fn make(args: &Args, argv: Vec<OsString>) -> Result<Self> {
        let endpoints = args.serve.endpoints();
        let mut reservations = Vec::with_capacity(endpoints.len());
        for endpoint in &endpoints {
            reservations.push(reserve(endpoint, args.serve.listen.backlog).await?);
        }
        Ok(Self(Arc::new(Inner {
            program: std::env::current_exe().context("cannot find this program to start it again")?,
            args: argv,
            endpoints,
            reservations,
            activated: !service::activation(false).is_empty(),
        })))
    }

    /// Starts a worker; the stream is its standard input.
    pub(super) fn start(&self, number: usize) -> Result<(Child, UnixStream)> {
        let plan = &self.0;
        let (ours, theirs) = StdStream::pair().context("cannot make a pair of sockets")?;
        ours.set_nonblocking(true)?;
        let mut command = Command::new(&plan.program);
        command.arg(format!("--worker={number}"));
        for reservation in &plan.reservations {
            command.arg(format!("--worker-takes={}", reservation.handover()));
        }
        command
            .args(&plan.args)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            // Ctrl-C reaches the whole group of a terminal: the workers would hear it twice.
            .process_group(0)
            .kill_on_drop(true);
        // The parent alone speaks to the service manager.
        for variable in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID"] {
            command.env_remove(variable);
        }
        if !plan.activated {
            command.env_remove("LISTEN_FDS");
        }
        let child = command.spawn();
        let child = child.with_context(|| format!("cannot start {}", plan.program.display()))?;
        Ok((child, UnixStream::from_std(ours)?))
    }

    /// Where the workers listen, in words.
    pub(super) fn places(&self) -> String {
        let Inner {
            endpoints,
            reservations,
            ..
        } = &*self.0;
        let handovers = reservations.iter().map(Reservation::handover);
        let places: Vec<_> = endpoints
            .iter()
            .zip(handovers)
            .map(|(endpoint, handover)| place(endpoint, handover))
            .collect();
        places.join(" and ")
    }
}
