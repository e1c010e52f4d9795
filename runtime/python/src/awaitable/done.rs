//! An awaitable that is over.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::thrown;

/// What `send` returns where the message has been taken. It has no state: there is one for all.
#[pyclass(frozen, module = "laureola._laureola")]
#[derive(Debug)]
pub(crate) struct Done;

impl Done {
    /// The one there is.
    pub(crate) fn get(py: Python<'_>) -> Py<PyAny> {
        static DONE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let made = DONE.get_or_try_init(py, || Py::new(py, Self).map(Py::into_any));
        made.map_or_else(|_| py.None(), |done| done.clone_ref(py))
    }
}

#[pymethods]
impl Done {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// `StopIteration`: the awaited value is `None`.
    fn __next__(&self) -> Option<()> {
        None
    }

    fn send(&self, _value: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(pyo3::exceptions::PyStopIteration::new_err(()))
    }

    #[pyo3(signature = (error, value=None, traceback=None))]
    fn throw(
        &self,
        error: &Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        Err(thrown(error, value, traceback))
    }

    fn close(&self) {}
}
