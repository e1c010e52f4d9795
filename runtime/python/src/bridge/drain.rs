//! The loop's side of the bridge: what `loop.add_reader` calls.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use laureola_asgi::wake;
use parking_lot::Mutex;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{Bridge, Job};
use crate::awaitable::{Receive, Send};
use crate::call::Call;
use crate::coroutine::Run;
use crate::direct;
use crate::eager::Eager;
use crate::scope;

/// After so long the rest of the loop has its turn.
const TURN: Duration = Duration::from_millis(1);
/// The server is told of so many jobs' responses at once: it may write them while others are made.
const TOGETHER: usize = 4;

/// The application and the loop it runs in, for that loop's thread alone.
#[pyclass(frozen, module = "laureola._laureola")]
pub(crate) struct Drain {
    bridge: Arc<Bridge>,
    application: Py<PyAny>,
    /// The event loop, and its `create_task` for one that makes tasks in a way of its own.
    event_loop: Py<PyAny>,
    create_task: Py<PyAny>,
    eager: Option<Eager>,
    /// What the lifespan's startup leaves in `scope["state"]`.
    state: Py<PyDict>,
    scopes: scope::Scopes,
    /// The queue of the last batch, to be filled again.
    spare: Mutex<VecDeque<Job>>,
}

#[pymethods]
impl Drain {
    /// Does what waits, and what comes meanwhile, for a moment.
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        self.bridge.heard();
        let held = wake::hold();
        let begun = Instant::now();
        let mut jobs = std::mem::take(&mut *self.spare.lock());
        loop {
            jobs = self.bridge.take(jobs);
            if jobs.is_empty() {
                break;
            }
            let mut done = 0;
            while let Some(job) = jobs.pop_front() {
                // Only what ends a program comes up to here: KeyboardInterrupt, SystemExit.
                if let Err(error) = self.job(py, job) {
                    self.bridge.put_back(jobs);
                    return Err(error);
                }
                done += 1;
                if done % TOGETHER == 0 {
                    held.release();
                }
            }
            held.release();
            if begun.elapsed() >= TURN {
                // The loop has other things to do, and comes back.
                self.bridge.tell();
                break;
            }
        }
        *self.spare.lock() = jobs;
        Ok(())
    }
}

impl Drain {
    pub(crate) fn new(
        py: Python<'_>,
        bridge: Arc<Bridge>,
        application: Py<PyAny>,
        event_loop: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        Ok(Self {
            bridge,
            application,
            create_task: event_loop.getattr("create_task")?.unbind(),
            eager: Eager::of(event_loop)?,
            event_loop: event_loop.clone().unbind(),
            state: PyDict::new(py).unbind(),
            scopes: scope::Scopes::new(py)?,
            spare: Mutex::default(),
        })
    }

    fn job(&self, py: Python<'_>, job: Job) -> PyResult<()> {
        match job {
            Job::Call(call, scope) => self.begin(py, &call, &scope),
            Job::Wake(call) => call.wake_python(py),
            Job::Cancel(call) => {
                call.cancel(py);
                Ok(())
            }
            Job::Stop => self.event_loop.call_method0(py, intern!(py, "stop")).map(drop),
        }
    }

    fn begin(&self, py: Python<'_>, call: &Arc<Call>, scope: &laureola_asgi::Scope) -> PyResult<()> {
        match self.coroutine(py, call, scope) {
            Ok(run) => self.start(py, call, run),
            Err(error) => {
                call.fail(py, &error);
                Ok(())
            }
        }
    }

    fn coroutine<'py>(
        &self,
        py: Python<'py>,
        call: &Arc<Call>,
        scope: &laureola_asgi::Scope,
    ) -> PyResult<Bound<'py, Run>> {
        let dict = self.scopes.dict(scope, self.state.bind(py))?;
        if let laureola_asgi::Scope::WebSocket(_) = scope {
            direct::offer(&dict, call)?;
        }
        let receive = Bound::new(py, Receive::new(call))?;
        let send = Bound::new(py, Send::new(call))?;
        let coroutine = self.application.bind(py).call1((dict, receive, send))?;
        Bound::new(py, Run::new(coroutine, call)?)
    }

    fn start(&self, py: Python<'_>, call: &Arc<Call>, run: Bound<'_, Run>) -> PyResult<()> {
        match &self.eager {
            Some(eager) => eager.start(run.as_any(), |task| call.set_task(task.unbind())),
            None => {
                let task = self.create_task.bind(py).call1((run,))?;
                call.set_task(task.unbind());
                Ok(())
            }
        }
    }
}

impl std::fmt::Debug for Drain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Drain")
    }
}
