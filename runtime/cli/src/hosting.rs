//! Applications that need more than this library to run: Python's, in the process of an interpreter.
//!
//! The command line and the run path are the same; the [`Host`] comes in between where an application is
//! named. The main thread is then its own, and everything else has threads beside.

use std::ffi::OsString;
use std::fmt;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use laureola::asgi::BoxApplication;
use laureola::{Layer, Plugins};
use tokio::runtime::{Handle, Runtime};

use crate::args::Args;
use crate::serve;

/// How long the runtime's threads may take to end with the server.
const HASTY: Duration = Duration::from_secs(1);

/// Whoever can load and run the application that the command line names.
pub trait Host {
    /// How this very program is started again, for `--workers`: the program, and arguments before those
    /// of the command line.
    fn program(&self) -> Vec<OsString>;

    /// Loads the application, serves it with [`Serve::start`], and returns once all of that has ended.
    ///
    /// # Errors
    /// What keeps it from that; the command's exit status is 1.
    fn serve(&self, application: &str, serve: Serve) -> Result<()>;
}

/// Everything that is said about serving, but for the application.
#[derive(Debug)]
pub struct Serve {
    args: Args,
    plugins: Plugins,
    signals: bool,
}

/// An application from outside, and who wants to know of the layer.
pub(crate) struct Hosted {
    pub(crate) application: BoxApplication,
    pub(crate) opened: Box<dyn FnOnce(&Layer) + Send>,
    /// Whether SIGINT, SIGTERM and SIGHUP are the server's.
    pub(crate) signals: bool,
}

impl Serve {
    pub(crate) fn new(args: Args, plugins: Plugins) -> Self {
        Self {
            args,
            plugins,
            signals: true,
        }
    }

    /// The command line.
    #[must_use]
    pub fn args(&self) -> &Args {
        &self.args
    }

    /// Leaves the signals alone: the program has its own way to end.
    #[must_use]
    pub fn without_signals(mut self) -> Self {
        self.signals = false;
        self
    }

    /// Begins to serve, on threads of its own: plugins have their routes first, `application` the rest, and
    /// the lifespan.
    ///
    /// `opened` is called with the channel layer before the first connection; `ended` when the server has
    /// ended, or could not start. Both on one of those threads.
    ///
    /// # Errors
    /// There are no threads to be had.
    pub fn start(
        self,
        application: BoxApplication,
        opened: impl FnOnce(&Layer) + Send + 'static,
        ended: impl FnOnce() + Send + 'static,
    ) -> Result<Serving> {
        let runtime = serve::runtime(&self.args).context("cannot start the runtime")?;
        let handle = runtime.handle().clone();
        let hosted = Hosted {
            application,
            opened: Box::new(opened),
            signals: self.signals,
        };
        let work = move || {
            // However it ends.
            let _ended = Ended(Some(ended));
            serve_on(runtime, &self.args, self.plugins, hosted)
        };
        let thread = Builder::new().name("laureola-control".to_owned()).spawn(work);
        Ok(Serving {
            handle,
            thread: thread.context("cannot start a thread")?,
        })
    }
}

fn serve_on(runtime: Runtime, args: &Args, plugins: Plugins, hosted: Hosted) -> Result<()> {
    let served = serve::run_on(&runtime, args, plugins, Some(hosted));
    runtime.shutdown_timeout(HASTY);
    served
}

/// A server on threads of its own.
#[derive(Debug)]
pub struct Serving {
    handle: Handle,
    thread: JoinHandle<Result<()>>,
}

impl Serving {
    /// The runtime it serves on.
    #[must_use]
    pub fn runtime(&self) -> &Handle {
        &self.handle
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// As [`crate::serve::run`].
    pub fn join(self) -> Result<()> {
        let ended = self.thread.join();
        ended.unwrap_or_else(|_| Err(anyhow!("the server panicked")))
    }
}

struct Ended<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for Ended<F> {
    fn drop(&mut self) {
        if let Some(ended) = self.0.take() {
            ended();
        }
    }
}

impl fmt::Debug for Hosted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hosted")
    }
}
