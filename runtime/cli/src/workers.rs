//! `--workers N`: a parent that serves nothing itself, and the processes that do.
//!
//! - this file: the parent, from the first worker to the last
//! - `plan`: what the workers are started with
//! - `worker`: one worker, started again whenever it ends
//! - `memory`: which one is to end because it has grown
//!
//! The parent holds the listening addresses, starts this very program again for each worker (no
//! fork, whose children have but one thread), passes on what it is asked, and speaks to systemd for all. A
//! worker whose parent is gone ends. TCP ports are shared by `SO_REUSEPORT`, UNIX sockets and
//! inherited descriptors by accepting from the same one.

mod memory;
mod plan;
mod worker;

use std::collections::HashMap;
use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::runtime::Builder;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::args::Args;
use crate::control::time_to_stop;
use crate::layer::Backend;
use crate::parent::PULSE;
use crate::service::Service;
use crate::signals::{Asked, Signals};
use plan::Plan;
use worker::{End, Event, Order};

/// A worker that was not heard of for so long does not live.
const SILENCE: Duration = PULSE.saturating_mul(10);
/// How long after a second signal, or its deadline, a worker is killed.
const HASTY: Duration = Duration::from_secs(2);

/// How a worker is started, where the command is a program of its own.
pub(crate) fn this_program() -> Result<Vec<OsString>> {
    let program = std::env::current_exe().context("cannot find this program to start it again")?;
    Ok(vec![program.into()])
}

/// Serves with as many workers as `args` say, until a signal asks to stop. `argv` are the arguments
/// that `args` were read from, without the command's name; `program` goes before them.
///
/// # Errors
/// An address cannot be had, the first worker does not start, a worker did not end well when it was
/// asked to, or a second signal.
pub(crate) fn run(args: &Args, program: Vec<OsString>, argv: Vec<OsString>) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime
        .context("cannot start the runtime")?
        .block_on(supervise(args, program, argv))
}

async fn supervise(args: &Args, program: Vec<OsString>, argv: Vec<OsString>) -> Result<()> {
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let plan = Plan::make(args, program, argv).await?;
    let count = args.serve.processes.workers.get();
    if matches!(args.layer.choice()?.backend, Backend::Memory(_)) {
        tracing::warn!(
            "the workers share no channel layer, so that a group's members in one worker do not hear those in \
             another: give them one, as in --channel-layer redis://HOST"
        );
    }
    let (orders, _) = broadcast::channel(16);
    let (events, mut told) = mpsc::channel(64);
    let mut parent = Parent {
        service: Service::from_environment(),
        heard: HashMap::new(),
        served: false,
        stopping: false,
        failed: None,
        orders,
        deadline: None,
    };
    let mut workers = JoinSet::new();
    // The others follow when it serves: what keeps it from that would keep them, too.
    workers.spawn(worker::tend(
        1,
        plan.clone(),
        parent.orders.subscribe(),
        events.clone(),
    ));
    loop {
        tokio::select! {
            ended = workers.join_next() => match ended {
                None => break,
                Some(end) => parent.ended(end.context("a worker's supervision failed")?, args),
            },
            Some(event) = told.recv() => {
                let first = parent.hear(event, count, &plan.places());
                if first && !parent.stopping {
                    for number in 2..=count {
                        let orders = parent.orders.subscribe();
                        workers.spawn(worker::tend(number, plan.clone(), orders, events.clone()));
                    }
                }
            }
            asked = signals.next() => match asked {
                Asked::Reload => parent.reload(),
                Asked::Stop(name) => parent.stop(name, args),
            },
            () = reached(parent.deadline) => parent.cut_off(),
            () = parent.service.due() => parent.show_life(count),
        }
    }
    match parent.failed {
        None => Ok(()),
        Some(failed) => bail!(failed),
    }
}

async fn reached(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

struct Parent {
    service: Service,
    /// When each worker was last heard of, since it serves.
    heard: HashMap<usize, Instant>,
    /// All workers served once.
    served: bool,
    stopping: bool,
    /// What makes the exit status 1.
    failed: Option<String>,
    orders: broadcast::Sender<Order>,
    deadline: Option<Instant>,
}

impl Parent {
    /// Returns whether this is the first sign of the first worker.
    fn hear(&mut self, event: Event, count: usize, places: &str) -> bool {
        let first = match event {
            Event::Alive(number) => {
                self.heard.insert(number, Instant::now()).is_none() && !self.served && number == 1
            }
            Event::Ended(number) => {
                self.heard.remove(&number);
                false
            }
        };
        if self.heard.len() == count && !self.served {
            self.served = true;
            let version = env!("CARGO_PKG_VERSION");
            let workers = if count == 1 { "worker" } else { "workers" };
            tracing::info!("Laureola {version} listens on {places} with {count} {workers}");
            self.service
                .ready(format!("serving on {places} with {count} {workers}"));
        }
        first
    }

    /// A worker ended for good.
    fn ended(&mut self, end: End, args: &Args) {
        if let Some(why) = end.failed {
            self.failed.get_or_insert(why);
            // The others would serve on with one less; only a start that fails comes here unasked.
            if !self.stopping {
                self.begin_stop(args);
            }
        }
    }

    fn reload(&self) {
        self.service.reloading();
        tracing::info!("SIGHUP: the workers open certificates and log files anew");
        self.order(Order::Reload);
        self.service.reloaded();
    }

    fn stop(&mut self, name: &str, args: &Args) {
        if self.stopping {
            self.failed = Some(format!("ended by a second {name}"));
            self.order(Order::Now);
            self.deadline = Some(Instant::now() + HASTY);
        } else {
            tracing::info!("{name}: the workers close every connection; once more ends at once");
            self.begin_stop(args);
        }
    }

    fn begin_stop(&mut self, args: &Args) {
        self.stopping = true;
        self.service.stopping("closing every connection");
        self.order(Order::Stop);
        // Each has its own deadline; this is for one that cannot keep it.
        self.deadline = Some(Instant::now() + time_to_stop(&args.serve.stopping) + HASTY);
    }

    fn cut_off(&mut self) {
        self.deadline = None;
        self.order(Order::Kill);
    }

    fn order(&self, order: Order) {
        // Nobody is there to hear it where all have ended.
        let _ = self.orders.send(order);
    }

    /// Tells systemd that all live, if all do.
    fn show_life(&self, count: usize) {
        let now = Instant::now();
        let living = self.heard.values();
        let living = living
            .filter(|heard| now.duration_since(**heard) < SILENCE)
            .count();
        if living == count || self.stopping || !self.served {
            self.service.alive();
        }
    }
}
