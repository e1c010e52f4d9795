//! The main thread: signals, the service manager, and the last deadline.
//!
//! It has a runtime of its own, so that it answers whatever applications do to theirs. And it keeps
//! that one awake: when the one thread that waits for sockets and timers is blocked by an
//! application, tokio's other threads sleep on; a task from outside wakes one, which takes over.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use laureola::server::Reloader;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, sleep_until};

use crate::args::{Args, Stopping};
use crate::parent::{Heard, Parent};
use crate::service::Service;
use crate::signals::{Asked, Signals};

/// How often the serving runtime is woken.
const BEAT: Duration = Duration::from_millis(500);
/// For what the server's own deadlines do not count, such as closing the channel layer.
const GRACE: Duration = Duration::from_secs(5);

/// A server that serves.
#[derive(Debug)]
pub(crate) struct Up {
    /// Where, for the service manager.
    pub(crate) status: String,
    /// Its certificates.
    pub(crate) certificates: Reloader,
}

/// What the serving side is told, and tells.
#[derive(Debug)]
pub(crate) struct Controls {
    stop: watch::Receiver<bool>,
    ready: Option<oneshot::Sender<Up>>,
}

impl Controls {
    /// Ready once the server is to stop.
    pub(crate) fn stop(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut stop = self.stop.clone();
        async move {
            // Where nobody is left to stop it, it stops by itself.
            let _ = stop.wait_for(|stop| *stop).await;
        }
    }

    /// The server serves.
    pub(crate) fn ready(&mut self, up: Up) {
        if let Some(ready) = self.ready.take() {
            let _ = ready.send(up);
        }
    }
}

/// Runs what `serve` gives on `runtime`, stops it when one of `signals` asks for it, and returns its result.
pub(crate) async fn control<F>(
    args: &Args,
    runtime: &Handle,
    mut signals: Signals,
    serve: impl FnOnce(Controls) -> F,
) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let mut manager = Manager::new(args)?;
    let (stop, stopped) = watch::channel(false);
    let (ready, mut is_ready) = oneshot::channel();
    let controls = Controls {
        stop: stopped,
        ready: Some(ready),
    };
    let mut serving = pin!(Serving(runtime.spawn(serve(controls))));
    let mut beat = interval(BEAT);
    let mut last_beat = runtime.spawn(async {});
    let mut deadline: Option<Instant> = None;
    let mut starts = true;
    let begin_stop = |deadline: &mut Option<Instant>| {
        *deadline = Some(Instant::now() + time_to_stop(&args.serve.stopping));
        stop.send_replace(true);
    };
    loop {
        tokio::select! {
            ended = &mut serving.0 => return ended.context("the server failed")?,
            up = &mut is_ready, if starts => {
                starts = false;
                if let Ok(up) = up {
                    manager.ready(up);
                }
            }
            asked = signals.next() => match asked {
                Asked::Reload => manager.reload().await,
                Asked::Stop(name) if deadline.is_none() => {
                    tracing::info!("{name}: closing every connection; once more ends at once");
                    begin_stop(&mut deadline);
                    manager.stopping();
                }
                // A worker's parent says it twice if it means it.
                Asked::Stop(_) if manager.parent.is_there() => {}
                Asked::Stop(name) => bail!("ended by a second {name}"),
            },
            news = manager.news() => match news {
                News::Parent(Heard::Now) => bail!("ended by a second signal"),
                News::Parent(heard) if deadline.is_none() => {
                    if heard == Heard::Gone {
                        tracing::warn!("the parent process has gone: closing every connection");
                    }
                    begin_stop(&mut deadline);
                }
                // A runtime that does not even end a task that does nothing is not alive.
                News::SignOfLifeDue if last_beat.is_finished() => manager.alive(),
                News::Parent(_) | News::SignOfLifeDue => {}
            },
            () = reached(deadline) => bail!("the server did not end in its time; it was cut off"),
            _ = beat.tick() => if last_beat.is_finished() {
                last_beat = runtime.spawn(async {});
            },
        }
    }
}

/// The server's own deadlines, with as much again for lifespan and plugins: whatever then still runs
/// does not listen.
pub(crate) fn time_to_stop(stopping: &Stopping) -> Duration {
    stopping.shutdown_delay + stopping.shutdown_timeout * 2 + GRACE
}

async fn reached(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Nothing serves on without its control.
struct Serving(JoinHandle<Result<()>>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

enum News {
    Parent(Heard),
    SignOfLifeDue,
}

/// Whoever started this process and wants to know how it does.
struct Manager {
    /// `None` in a worker, whose parent speaks for it.
    service: Option<Service>,
    parent: Parent,
    certificates: Reloader,
}

impl Manager {
    fn new(args: &Args) -> Result<Self> {
        if args.serve.processes.worker.is_none() {
            return Ok(Self {
                service: Some(Service::from_environment()),
                parent: Parent::none(),
                certificates: Reloader::default(),
            });
        }
        Ok(Self {
            service: None,
            parent: Parent::of_worker().context("a worker's standard input is its parent")?,
            certificates: Reloader::default(),
        })
    }

    fn ready(&mut self, up: Up) {
        self.certificates = up.certificates;
        if let Some(service) = &mut self.service {
            service.ready(up.status);
        }
        self.parent.ready();
    }

    fn stopping(&self) {
        if let Some(service) = &self.service {
            service.stopping("closing every connection");
        }
    }

    /// SIGHUP. The access log hears it by itself.
    async fn reload(&self) {
        if let Some(service) = &self.service {
            service.reloading();
        }
        tracing::info!("SIGHUP: certificates and log files are opened anew");
        // What is wrong with one is in the log, and it stays the old one.
        let _ = self.certificates.reload().await;
        if let Some(service) = &self.service {
            service.reloaded();
        }
    }

    async fn news(&mut self) -> News {
        let due = async {
            match &mut self.service {
                Some(service) => service.due().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            heard = self.parent.hear() => News::Parent(heard),
            () = due => News::SignOfLifeDue,
        }
    }

    fn alive(&self) {
        if let Some(service) = &self.service {
            service.alive();
        }
    }
}
