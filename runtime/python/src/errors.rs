//! Errors on their way from Rust to Python, and from Python to the server's log.

use laureola_asgi::send::Disconnected;
use laureola_asgi::{AppError, SendError};
use pyo3::create_exception;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::asyncio;

create_exception!(
    laureola,
    ClientDisconnected,
    PyOSError,
    "Raised by `send` once the client has gone (ASGI 2.4 asks for an `OSError`)."
);

/// How far a chain of causes is followed.
const DEPTH: usize = 32;

/// What `send` raises.
pub(crate) fn of_send(error: &SendError) -> PyErr {
    match error {
        SendError::Disconnected(gone) => ClientDisconnected::new_err(gone.to_string()),
        other => value(other.to_string()),
    }
}

/// A `ValueError`: what Daphne raises for messages that are none.
pub(crate) fn value(text: impl Into<String>) -> PyErr {
    PyValueError::new_err(text.into())
}

/// An `asyncio.CancelledError`, with the message it was asked for with.
pub(crate) fn cancelled(py: Python<'_>, message: &Bound<'_, PyAny>) -> PyErr {
    let class = match asyncio::cancelled_error(py) {
        Ok(class) => class,
        Err(error) => return error,
    };
    let made = if message.is_none() {
        class.call0()
    } else {
        class.call1((message,))
    };
    made.map_or_else(|error| error, PyErr::from_value)
}

/// Whether an application ends with it because it was asked to.
pub(crate) fn is_cancelled(py: Python<'_>, error: &PyErr) -> bool {
    asyncio::cancelled_error(py).is_ok_and(|class| error.is_instance(py, class))
}

/// Whether it ends the program: it has to reach the loop.
pub(crate) fn ends_the_program(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<pyo3::exceptions::PyKeyboardInterrupt>(py)
        || error.is_instance_of::<pyo3::exceptions::PySystemExit>(py)
}

/// What the server logs of an exception that the application ended with: its last line, and the traceback below.
/// One that only says that the client has left is that.
pub(crate) fn of_application(py: Python<'_>, error: &PyErr) -> AppError {
    if says_disconnected(error.value(py), DEPTH) {
        return Disconnected.into();
    }
    let text = format(py, error).unwrap_or_else(|_| error.to_string());
    AppError::msg(text)
}

fn says_disconnected(error: &Bound<'_, PyAny>, depth: usize) -> bool {
    if depth == 0 || error.is_none() {
        return false;
    }
    if error.is_instance_of::<ClientDisconnected>() {
        return true;
    }
    // The parts of an exception group: all of them have to.
    if let Ok(parts) = error.getattr("exceptions")
        && let Ok(parts) = parts.cast_into::<PyTuple>()
    {
        return parts.iter().all(|part| says_disconnected(&part, depth - 1));
    }
    let next = |name| {
        let next = error.getattr(name);
        next.is_ok_and(|next| says_disconnected(&next, depth - 1))
    };
    // A framework raises its own word for it, from ours.
    next("__cause__") || is_named_for_it(error) && next("__context__")
}

/// An exception raised while ours was handled may be about something else altogether.
fn is_named_for_it(error: &Bound<'_, PyAny>) -> bool {
    let name = error.get_type().name();
    name.is_ok_and(|name| name.to_string_lossy().contains("Disconnect"))
}

fn format(py: Python<'_>, error: &PyErr) -> PyResult<String> {
    let lines = py.import("traceback")?.call_method1(
        "format_exception",
        (error.get_type(py), error.value(py), error.traceback(py)),
    )?;
    let lines = lines
        .cast_into::<PyList>()
        .map_err(|_| PyRuntimeError::new_err("no list"))?;
    let text: String = lines.iter().map(|line| line.to_string()).collect();
    let text = text.trim_end();
    let last = text.lines().next_back().unwrap_or_default();
    Ok(format!("{last}\n{text}"))
}
