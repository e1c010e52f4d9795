//! What `receive` and `send` are, and what they return.
//!
//! An awaitable that is ready costs no turn of the loop, and no future: `send` returns [`Done`] unless too
//! much waits for the client already. [`Wait`] waits: it polls, and where there is nothing yet it yields a
//! [`Signal`], which stands in for a future until the loop's thread is told to look again. Events are taken
//! when they are awaited, never before: one that is cancelled in between loses nothing.

mod done;
mod receive;
mod send;
mod signal;
mod wait;

pub(crate) use done::Done;
pub(crate) use receive::Receive;
pub(crate) use send::Send;
pub(crate) use signal::Signal;
pub(crate) use wait::Wait;

use pyo3::exceptions::PyBaseException;
use pyo3::prelude::*;

/// What `throw` of a coroutine is given: an exception, or its type, value and traceback.
fn thrown(
    error: &Bound<'_, PyAny>,
    value: Option<Bound<'_, PyAny>>,
    traceback: Option<Bound<'_, PyAny>>,
) -> PyErr {
    let py = error.py();
    let value = value.filter(|value| !value.is_none());
    let raised = match value {
        Some(value) if value.is_instance_of::<PyBaseException>() => value,
        Some(value) => match error.call1((value,)) {
            Ok(raised) => raised,
            Err(error) => return error,
        },
        None => error.clone(),
    };
    let raised = PyErr::from_value(raised);
    if let Some(traceback) = traceback.and_then(|traceback| traceback.cast_into().ok()) {
        raised.set_traceback(py, Some(traceback));
    }
    raised
}
