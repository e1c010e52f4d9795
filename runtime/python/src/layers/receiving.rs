//! One `receive` that waits.

use std::sync::Arc;

use laureola_message::Delivery;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::channel::LocalChannel;
use super::encode::{self, Format};
use super::event_loop::{EventLoop, Ticket};

/// A receiver's place at its channel.
#[pyclass(frozen, module = "laureola._laureola")]
#[derive(Debug)]
pub(super) struct Receiving {
    channel: Arc<LocalChannel>,
    event_loop: Py<EventLoop>,
    ticket: Ticket,
    future: Py<PyAny>,
}

impl Receiving {
    pub(super) fn new(
        channel: Arc<LocalChannel>,
        event_loop: Py<EventLoop>,
        ticket: Ticket,
        future: Py<PyAny>,
    ) -> Self {
        Self {
            channel,
            event_loop,
            ticket,
            future,
        }
    }
}

#[pymethods]
impl Receiving {
    /// Ends with the message, or with None where the channel closed and has to be opened again.
    #[getter]
    fn future(&self, py: Python<'_>) -> Py<PyAny> {
        self.future.clone_ref(py)
    }

    /// Gives up. A message that has come, and that nobody will see now, goes back to the channel.
    fn cancel(&self, py: Python<'_>) -> PyResult<()> {
        let event_loop = self.event_loop.get();
        let unserved = self.channel.give_up(self.ticket, event_loop.wakeup());
        drop(event_loop.forget(self.ticket));
        let future = self.future.bind(py);
        if unserved
            || !future.call_method0(intern!(py, "done"))?.is_truthy()?
            || future.call_method0(intern!(py, "cancelled"))?.is_truthy()?
            || !future.call_method0(intern!(py, "exception"))?.is_none()
        {
            return Ok(());
        }
        let result = future.call_method0(intern!(py, "result"))?;
        if result.is_none() {
            return Ok(());
        }
        // It came out of msgpack, whatever the layer's format is.
        let message = encode::message(result.cast::<PyDict>()?, Format::Msgpack)?;
        self.channel.put_back(Arc::new(Delivery::new(message)));
        Ok(())
    }
}
