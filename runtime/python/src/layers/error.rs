//! What Python is told when a layer fails.

use std::error::Error;

use laureola_layers::LayerError;
use laureola_message::{CodecError, MessageError};
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// Channels' text for a name that is none.
const INVALID_NAME: &str = "name must be a valid unicode string with length < 100 containing only ASCII \
                            alphanumerics, hyphens, underscores, or periods.";

/// What the interpreter's end leaves of a layer.
pub(super) fn ended() -> PyErr {
    PyRuntimeError::new_err("the interpreter is shutting down: its channel layers are closed")
}

/// Channels' own error; `kind` is `Channel` or `Group`.
pub(super) fn invalid_name(kind: &str) -> PyErr {
    PyTypeError::new_err(format!("{kind} {INVALID_NAME}"))
}

/// The exception for an error of a layer: Channels' own where it has one.
pub(super) fn to_python(py: Python<'_>, error: &LayerError) -> PyErr {
    match error {
        LayerError::ChannelFull(channel) => {
            raise(py, &FULL, "ChannelFull", format!("channel {channel} is full"))
        }
        LayerError::Name(_) => invalid_name("Channel"),
        LayerError::Message(error) => message(error),
        LayerError::Backend { source, .. } if source.is::<CodecError>() => PyTypeError::new_err(chain(error)),
        LayerError::Backend { .. } => raise(py, &BACKEND, "BackendError", chain(error)),
        other => PyRuntimeError::new_err(chain(other)),
    }
}

/// The exception for a message that is none.
pub(super) fn message(error: &MessageError) -> PyErr {
    PyValueError::new_err(chain(error))
}

/// An error and what caused it, in one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

static FULL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static BACKEND: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Raises an exception class of `laureola.layers`, which takes Channels' own where Channels is
/// installed.
fn raise(py: Python<'_>, cell: &PyOnceLock<Py<PyAny>>, name: &str, text: String) -> PyErr {
    let class = cell.get_or_try_init(py, || {
        let class = py.import("laureola.layers")?.getattr(name)?;
        PyResult::Ok(class.unbind())
    });
    class
        .and_then(|class| class.bind(py).call1((text,)))
        .map_or_else(|error| error, PyErr::from_value)
}
