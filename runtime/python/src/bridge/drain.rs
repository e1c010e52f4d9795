//! The loop's side of the bridge: what `loop.add_reader` calls.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{Bridge, Job};
use crate::awaitable::{Receive, Send};
use crate::call::Call;
use crate::coroutine::Run;
use crate::direct;
use crate::scope;

/// The application and the loop it runs in, for that loop's thread alone.
#[pyclass(frozen, module = "laureola._laureola")]
pub(crate) struct Drain {
    bridge: Arc<Bridge>,
    application: Py<PyAny>,
    /// The event loop, its `create_task`, and `asyncio.Task` where that can begin at once (from 3.12 on).
    event_loop: Py<PyAny>,
    create_task: Py<PyAny>,
    eager: Option<Eager>,
    /// What the lifespan's startup leaves in `scope["state"]`.
    state: Py<PyDict>,
    /// The queue of the last batch, to be filled again.
    spare: Mutex<VecDeque<Job>>,
}

struct Eager {
    task: Py<PyAny>,
    options: Py<PyDict>,
}

#[pymethods]
impl Drain {
    /// Does what waits.
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let spare = std::mem::take(&mut *self.spare.lock());
        let mut jobs = self.bridge.take(spare);
        while let Some(job) = jobs.pop_front() {
            // Only what ends a program comes up to here: KeyboardInterrupt, SystemExit.
            if let Err(error) = self.job(py, job) {
                self.bridge.put_back(jobs);
                return Err(error);
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
        let dict = scope::dict(py, scope, self.state.bind(py))?;
        if let laureola_asgi::Scope::WebSocket(_) = scope {
            direct::offer(&dict, call)?;
        }
        let receive = Bound::new(py, Receive::new(call))?;
        let send = Bound::new(py, Send::new(call))?;
        let coroutine = self.application.bind(py).call1((dict, receive, send))?;
        Bound::new(py, Run::new(coroutine, call)?)
    }

    fn start(&self, py: Python<'_>, call: &Arc<Call>, run: Bound<'_, Run>) -> PyResult<()> {
        let task = match &self.eager {
            Some(eager) => eager.task.bind(py).call((run,), Some(eager.options.bind(py))),
            None => self.create_task.bind(py).call1((run,)),
        }?;
        call.set_task(task.unbind());
        Ok(())
    }
}

impl Eager {
    /// `None` where tasks cannot, or where the loop makes them in a way of its own.
    fn of(event_loop: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let py = event_loop.py();
        if py.version_info() < (3, 12) || !event_loop.call_method0("get_task_factory")?.is_none() {
            return Ok(None);
        }
        let options = PyDict::new(py);
        options.set_item("loop", event_loop)?;
        options.set_item("eager_start", true)?;
        Ok(Some(Self {
            task: py.import("asyncio")?.getattr("Task")?.unbind(),
            options: options.unbind(),
        }))
    }
}

impl std::fmt::Debug for Drain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Drain")
    }
}
