//! What workers are started with.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::process::Stdio;
use std::sync::Arc;

use anyhow::{Context, Result};
use laureola::server::Endpoint;
use laureola::server::handover::{Reservation, reserve};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

use super::memory::Bound;
use crate::args::Args;
use crate::places::place;
use crate::service;

/// Clones share it.
#[derive(Clone)]
pub(super) struct Plan(Arc<Inner>);

struct Inner {
    /// With the arguments that come before all others.
    program: Vec<OsString>,
    args: Vec<OsString>,
    endpoints: Vec<Endpoint>,
    reservations: Vec<Reservation>,
    bound: Option<Bound>,
    /// systemd's descriptors are ours to pass on.
    activated: bool,
}

impl Plan {
    /// Takes hold of every address.
    pub(super) async fn make(args: &Args, program: Vec<OsString>, argv: Vec<OsString>) -> Result<Self> {
        let endpoints = args.serve.endpoints();
        let mut reservations = Vec::with_capacity(endpoints.len());
        for endpoint in &endpoints {
            reservations.push(reserve(endpoint, args.serve.listen.backlog).await?);
        }
        Ok(Self(Arc::new(Inner {
            program,
            args: argv,
            endpoints,
            reservations,
            bound: Bound::of(args),
            activated: !service::activation(false).is_empty(),
        })))
    }

    /// Starts a worker; the stream is its standard input.
    pub(super) fn start(&self, number: usize) -> Result<(Child, UnixStream)> {
        let plan = &self.0;
        let (ours, theirs) = StdStream::pair().context("cannot make a pair of sockets")?;
        ours.set_nonblocking(true)?;
        let (program, first) = plan
            .program
            .split_first()
            .context("there is no program to start")?;
        let mut command = Command::new(program);
        command.args(first).arg(format!("--worker={number}"));
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
        let child = child.with_context(|| format!("cannot start {}", program.display()))?;
        Ok((child, UnixStream::from_std(ours)?))
    }

    /// How much memory they may hold.
    pub(super) fn bound(&self) -> Option<&Bound> {
        self.0.bound.as_ref()
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
