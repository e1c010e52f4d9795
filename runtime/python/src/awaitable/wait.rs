//! A coroutine that waits for an event, or for room.

use std::sync::Arc;
use std::task::Poll;

use laureola_asgi::{Command, TrySendError};
use parking_lot::Mutex;
use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;

use super::{Signal, thrown};
use crate::call::Call;
use crate::{errors, event};

/// See [`super`].
///
/// It has all that makes a coroutine to `asyncio` (`create_task(receive())` is common), and nothing of what makes a
/// future.
#[pyclass(frozen, module = "laureola._laureola")]
#[derive(Debug)]
pub(crate) struct Wait {
    call: Arc<Call>,
    what: Mutex<What>,
}

#[derive(Debug)]
enum What {
    Event,
    Room(Box<Command>),
    /// It was awaited already.
    Nothing,
}

impl Wait {
    pub(crate) fn for_event(call: Arc<Call>) -> Self {
        Self {
            call,
            what: Mutex::new(What::Event),
        }
    }

    pub(crate) fn for_room(call: Arc<Call>, command: Box<Command>) -> Self {
        Self {
            call,
            what: Mutex::new(What::Room(command)),
        }
    }

    /// Without the lock: whatever allocates in Python may run a finalizer, which may come back here.
    fn poll(&self, py: Python<'_>) -> PyResult<Poll<Py<PyAny>>> {
        let what = std::mem::replace(&mut *self.what.lock(), What::Nothing);
        let pending = match what {
            What::Event => match self.call.poll_event() {
                Poll::Ready(event) => {
                    return event::dict(py, event).map(|event| Poll::Ready(event.into_any().unbind()));
                }
                Poll::Pending => What::Event,
            },
            What::Room(command) => match self.send_now(command)? {
                None => return Ok(Poll::Ready(py.None())),
                Some(command) => What::Room(command),
            },
            What::Nothing => {
                return Err(PyRuntimeError::new_err("cannot reuse already awaited coroutine"));
            }
        };
        *self.what.lock() = pending;
        Ok(Poll::Pending)
    }

    /// Sends the command, or gives it back where it has to wait.
    fn send_now(&self, mut command: Box<Command>) -> PyResult<Option<Box<Command>>> {
        loop {
            match self.call.try_send(*command) {
                Ok(()) => return Ok(None),
                Err(TrySendError::Full(back)) => command = back,
                Err(TrySendError::Failed(error)) => return Err(errors::of_send(&error)),
                Err(error) => return Err(errors::value(error.to_string())),
            }
            if self.call.poll_ready().is_pending() {
                return Ok(Some(command));
            }
        }
    }
}

#[pymethods]
impl Wait {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<Signal>> {
        match self.poll(py)? {
            // It is no tuple: that would be taken apart.
            Poll::Ready(value) => Err(PyStopIteration::new_err(value)),
            Poll::Pending => {
                let signal = Py::new(py, Signal::new(Arc::clone(&self.call)))?;
                self.call.wait(signal.clone_ref(py));
                Ok(signal)
            }
        }
    }

    fn send(&self, py: Python<'_>, _value: &Bound<'_, PyAny>) -> PyResult<Py<Signal>> {
        self.__next__(py)
    }

    #[pyo3(signature = (error, value=None, traceback=None))]
    fn throw(
        &self,
        error: &Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.close();
        Err(thrown(error, value, traceback))
    }

    fn close(&self) {
        *self.what.lock() = What::Nothing;
    }
}
