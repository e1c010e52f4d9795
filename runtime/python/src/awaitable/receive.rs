//! ASGI's `receive`.

use std::sync::Arc;

use pyo3::prelude::*;

use super::Wait;
use crate::call::Call;

/// The `receive` callable of one call.
#[pyclass(frozen, module = "laureola._laureola")]
#[derive(Debug)]
pub(crate) struct Receive(Arc<Call>);

impl Receive {
    pub(crate) fn new(call: &Arc<Call>) -> Self {
        Self(Arc::clone(call))
    }
}

#[pymethods]
impl Receive {
    /// The next event, as an awaitable. It is taken when it is awaited.
    fn __call__(&self) -> Wait {
        Wait::for_event(Arc::clone(&self.0))
    }
}
