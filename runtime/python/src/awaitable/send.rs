//! ASGI's `send`.

use std::sync::Arc;

use laureola_asgi::TrySendError;
use pyo3::prelude::*;

use super::{Done, Wait};
use crate::call::Call;
use crate::{command, errors};

/// The `send` callable of one call.
#[pyclass(frozen, module = "laureola._laureola")]
#[derive(Debug)]
pub(crate) struct Send(Arc<Call>);

impl Send {
    pub(crate) fn new(call: &Arc<Call>) -> Self {
        Self(Arc::clone(call))
    }
}

#[pymethods]
impl Send {
    /// Takes a message at once if there is room, else when it is awaited.
    ///
    /// Raises `ValueError` for a message that is none, or comes out of turn; `OSError` once the client has gone.
    fn __call__(&self, py: Python<'_>, message: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        match self.0.try_send(command::of_message(message)?) {
            Ok(()) => Ok(Done::get(py)),
            Err(TrySendError::Full(command)) => {
                let wait = Wait::for_room(Arc::clone(&self.0), command);
                Ok(Py::new(py, wait)?.into_any())
            }
            Err(TrySendError::Failed(error)) => Err(errors::of_send(&error)),
            Err(error) => Err(errors::value(error.to_string())),
        }
    }
}
