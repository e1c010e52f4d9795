//! The command in a Python process.
//!
//! Python's event loop has the main thread, as its libraries expect it; the server, its control and its signals
//! have threads of their own, so that they answer whatever the application does.

mod watch;

use std::ffi::OsString;
use std::sync::Arc;
use std::sync::mpsc::channel;

use anyhow::{Context, Result, anyhow, bail};
use laureola::Layer;
use laureola_asgi::Application;
use laureola_cli::hosting::{Host, Serve};
use pyo3::exceptions::PySystemExit;
use pyo3::prelude::*;

use crate::application::PythonApplication;
use crate::bridge::drain::Drain;
use crate::bridge::{Bridge, Job};
use crate::layers::native;
use crate::plugins;
use watch::Watch;

/// Runs the command with `argv` and returns its exit status. `host` is a `laureola._host.Host`.
#[pyfunction]
pub(crate) fn run(py: Python<'_>, argv: Vec<OsString>, host: Py<PyAny>) -> u8 {
    let host = PythonHost(host);
    py.detach(|| laureola_cli::run_hosted("laureola", plugins::chosen, argv, &host))
}

/// The Python side of it: `laureola._host.Host`.
struct PythonHost(Py<PyAny>);

impl Host for PythonHost {
    fn program(&self) -> Vec<OsString> {
        Python::attach(|py| {
            let program = self.0.bind(py).call_method0("program");
            program.and_then(|program| program.extract()).unwrap_or_default()
        })
    }

    fn serve(&self, application: &str, serve: Serve) -> Result<()> {
        Python::attach(|py| {
            let host = self.0.bind(py);
            if serve.args().serve.python.reload {
                let watched: Option<i32> = host
                    .call_method0("reload")
                    .and_then(|status| status.extract())
                    .map_err(|error| said(py, error))?;
                match watched {
                    Some(0) => return Ok(()),
                    Some(status) => bail!("ended with exit status {status}"),
                    None => {}
                }
            }
            let logging = &serve.args().serve.logging;
            let prepared = host.call_method1("prepare", (logging.verbosity, logging.log_fmt.text()));
            prepared.map_err(|error| said(py, error))?;
            let application = host.call_method1("load", (application,));
            let Some(application) = application
                .map_err(|error| said(py, error))?
                .extract()
                .ok()
                .flatten()
            else {
                return Err(anyhow!("cannot import the application; see above"));
            };
            let name = serve.args().serve.python.event_loop.name();
            let event_loop = host.call_method1("new_loop", (name,));
            let event_loop = event_loop.map_err(|error| said(py, error))?;
            let signals: bool = host
                .getattr("signals")
                .and_then(|signals| signals.extract())
                .map_err(|error| said(py, error))?;
            let serve = if signals { serve } else { serve.without_signals() };
            run_loop(host, &event_loop, application, serve)
        })
    }
}

/// Serves until the server ends, with the loop in this thread.
fn run_loop(
    host: &Bound<'_, PyAny>,
    event_loop: &Bound<'_, PyAny>,
    application: Py<PyAny>,
    serve: Serve,
) -> Result<()> {
    let py = host.py();
    let bridge = Arc::new(Bridge::new().context("cannot make an eventfd")?);
    let drain = Drain::new(py, Arc::clone(&bridge), application, event_loop);
    let drain = drain.map_err(|error| said(py, error))?;
    let reader = event_loop.call_method1("add_reader", (bridge.fd(), drain));
    reader.map_err(|error| said(py, error))?;
    let limit = serve.args().serve.timeouts.application_close_timeout;
    let watch = Watch::begin(Arc::clone(&bridge), limit).context("cannot start a thread")?;
    let stop = Arc::clone(&bridge);
    let (notices, noticed) = channel::<()>();
    let application = PythonApplication(bridge).boxed();
    let serving = serve.start(application, share_layer, move || {
        stop.push(Job::Stop);
        watch::end_unless(&noticed);
    })?;
    let ran = {
        // Requests are read in this thread, too, and what they wait for has timers of the runtime's.
        let _runtime = serving.runtime().enter();
        host.call_method1("run", (event_loop,))
    };
    drop(notices);
    // From here on no thread of ours touches Python.
    let served = py.detach(|| {
        watch.end();
        serving.join()
    });
    let closed = host.call_method1("close", (event_loop,));
    served?;
    ran.map_err(|error| said(py, error))?;
    closed.map(drop).map_err(|error| said(py, error))
}

/// Has Python's `NativeChannelLayer` be the server's own layer, whatever kind that is.
fn share_layer(layer: &Layer) {
    if let Err(error) = native::provide("default", layer.clone()) {
        tracing::warn!(%error, "the application has a channel layer in memory of its own");
    }
}

/// An exception that Python is not told, with its traceback on stderr.
fn said(py: Python<'_>, error: PyErr) -> anyhow::Error {
    let text = error.to_string();
    // For this one Python would end the process here and now.
    if !error.is_instance_of::<PySystemExit>(py) {
        error.print(py);
    }
    anyhow!(text)
}
