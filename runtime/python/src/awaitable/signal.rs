//! What stands in for an `asyncio.Future`: told when the call is to be looked at again.

use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::call::Call;
use crate::{asyncio, errors};

/// The part of a future that `asyncio.Task` uses. Its callbacks are called at once, in the context they were given,
/// where a future would have the loop call them in its next turn: whoever wakes it comes from the loop itself.
#[pyclass(frozen, module = "laureola._laureola")]
#[derive(Debug)]
pub(crate) struct Signal {
    call: Arc<Call>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// `asyncio`'s tasks set it back when they have seen it.
    not_blocking: bool,
    done: bool,
    /// Cancelled, with this message.
    cancelled: Option<Py<PyAny>>,
    callbacks: Vec<(Py<PyAny>, Option<Py<PyAny>>)>,
}

impl Signal {
    pub(super) fn new(call: Arc<Call>) -> Self {
        Self {
            call,
            state: Mutex::default(),
        }
    }

    /// Calls the callbacks. In the loop's thread, and in no task.
    pub(crate) fn wake(&self, py: Python<'_>, slf: &Bound<'_, Self>) -> PyResult<()> {
        let callbacks = {
            let mut state = self.state.lock();
            state.done = true;
            std::mem::take(&mut state.callbacks)
        };
        for (callback, context) in callbacks {
            match context {
                Some(context) => context.call_method1(py, intern!(py, "run"), (callback, slf))?,
                None => callback.call1(py, (slf,))?,
            };
        }
        Ok(())
    }
}

#[pymethods]
impl Signal {
    #[getter(_asyncio_future_blocking)]
    fn blocking(&self) -> bool {
        !self.state.lock().not_blocking
    }

    #[setter(_asyncio_future_blocking)]
    fn set_blocking(&self, blocking: bool) {
        self.state.lock().not_blocking = !blocking;
    }

    fn get_loop<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        asyncio::running_loop(py)
    }

    #[pyo3(signature = (callback, *, context=None))]
    fn add_done_callback(&self, callback: Py<PyAny>, context: Option<Py<PyAny>>) {
        self.state.lock().callbacks.push((callback, context));
    }

    fn remove_done_callback(&self, py: Python<'_>, callback: &Bound<'_, PyAny>) -> PyResult<usize> {
        let callbacks = std::mem::take(&mut self.state.lock().callbacks);
        let before = callbacks.len();
        let mut kept = Vec::with_capacity(before);
        for (known, context) in callbacks {
            if !known.bind(py).eq(callback)? {
                kept.push((known, context));
            }
        }
        let removed = before - kept.len();
        self.state.lock().callbacks = kept;
        Ok(removed)
    }

    /// As a future's: its callbacks are called in the loop's next turn, and `result` raises.
    #[pyo3(signature = (msg=None))]
    fn cancel(slf: &Bound<'_, Self>, py: Python<'_>, msg: Option<Py<PyAny>>) -> PyResult<bool> {
        let this = slf.get();
        let callbacks = {
            let mut state = this.state.lock();
            if state.done {
                return Ok(false);
            }
            state.done = true;
            state.cancelled = Some(msg.unwrap_or_else(|| py.None()));
            std::mem::take(&mut state.callbacks)
        };
        this.call.forget(this);
        let event_loop = asyncio::running_loop(py)?;
        for (callback, context) in callbacks {
            let options = PyDict::new(py);
            if let Some(context) = context {
                options.set_item(intern!(py, "context"), context)?;
            }
            event_loop.call_method(intern!(py, "call_soon"), (callback, slf), Some(&options))?;
        }
        Ok(true)
    }

    fn cancelled(&self) -> bool {
        self.state.lock().cancelled.is_some()
    }

    fn done(&self) -> bool {
        self.state.lock().done
    }

    fn result(&self, py: Python<'_>) -> PyResult<()> {
        let (done, cancelled) = {
            let state = self.state.lock();
            let cancelled = state.cancelled.as_ref();
            (state.done, cancelled.map(|message| message.clone_ref(py)))
        };
        match cancelled {
            Some(message) => Err(errors::cancelled(py, message.bind(py))),
            None if done => Ok(()),
            None => Err(PyRuntimeError::new_err("Result is not ready.")),
        }
    }

    fn exception(&self, py: Python<'_>) -> PyResult<()> {
        self.result(py)
    }
}
