//! The application's coroutine, as its task runs it: watched for its end.

use std::sync::Arc;

use laureola_asgi::AppError;
use parking_lot::Mutex;
use pyo3::exceptions::{PyAttributeError, PyStopIteration};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::iterator::PySendResult;
use pyo3::types::{PyIterator, PyString, PyTuple};

use crate::call::Call;
use crate::errors;

/// Stands in the place of the application's coroutine, and tells the call how that ended; a callback of the task
/// would come a turn of the loop later. Its failure goes to the server's log from here, not to the loop's.
#[pyclass(frozen, module = "laureola._laureola")]
#[derive(Debug)]
pub(crate) struct Run {
    /// Gone once it has ended, so that its frames are, too.
    coroutine: Mutex<Option<Py<PyAny>>>,
    call: Arc<Call>,
}

impl Run {
    /// Of what the application returned: a coroutine, or anything else that can be awaited.
    pub(crate) fn new(awaitable: Bound<'_, PyAny>, call: &Arc<Call>) -> PyResult<Self> {
        let py = awaitable.py();
        static NATIVE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        static IS_COROUTINE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        static AWAITING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let is_coroutine = || {
            // Nearly always: an `async def`'s.
            if awaitable
                .get_type()
                .is(NATIVE.import(py, "types", "CoroutineType")?)
            {
                return Ok(true);
            }
            let is_coroutine = IS_COROUTINE.import(py, "asyncio", "iscoroutine")?;
            is_coroutine.call1((&awaitable,))?.is_truthy()
        };
        let coroutine = if is_coroutine()? {
            awaitable
        } else {
            AWAITING
                .import(py, "laureola._applications", "awaiting")?
                .call1((awaitable,))?
        };
        Ok(Self {
            coroutine: Mutex::new(Some(coroutine.unbind())),
            call: Arc::clone(call),
        })
    }

    fn coroutine<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let coroutine = self.coroutine.lock();
        match coroutine.as_ref() {
            Some(coroutine) => Ok(coroutine.bind(py).clone()),
            None => Err(PyStopIteration::new_err(())),
        }
    }

    fn end(&self, result: Result<(), AppError>) {
        let coroutine = self.coroutine.lock().take();
        self.call.finish(result);
        drop(coroutine);
    }

    /// What the task is to see of an exception: a `StopIteration` for every failure that the server takes over.
    fn failed(&self, py: Python<'_>, error: PyErr) -> PyErr {
        if errors::is_cancelled(py, &error) {
            self.end(Err(AppError::msg("it was cancelled")));
            return error;
        }
        self.end(Err(errors::of_application(py, &error)));
        if errors::ends_the_program(py, &error) {
            return error;
        }
        PyStopIteration::new_err(())
    }
}

#[pymethods]
impl Run {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let coroutine = self.coroutine(py)?;
        // SAFETY: nothing is done with it but `send`, which is `PyIter_Send`: that takes every object, and falls back
        // on the method `send`. The type only stands for the wrapper it is defined on.
        #[expect(
            unsafe_code,
            reason = "the safe way there is only for iterators, which coroutines are not"
        )]
        let iterator = unsafe { coroutine.cast_unchecked::<PyIterator>() };
        match iterator.send(py.None().bind(py)) {
            Ok(PySendResult::Next(yielded)) => Ok(Some(yielded)),
            Ok(PySendResult::Return(_)) => {
                self.end(Ok(()));
                Ok(None)
            }
            Err(error) => Err(self.failed(py, error)),
        }
    }

    fn send<'py>(&self, py: Python<'py>, _value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.__next__(py)?.ok_or_else(|| PyStopIteration::new_err(()))
    }

    #[pyo3(signature = (*error))]
    fn throw<'py>(&self, py: Python<'py>, error: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        match self.coroutine(py)?.call_method1("throw", error) {
            Ok(yielded) => Ok(yielded),
            Err(error) if error.is_instance_of::<PyStopIteration>(py) => {
                self.end(Ok(()));
                Err(error)
            }
            Err(error) => Err(self.failed(py, error)),
        }
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let Ok(coroutine) = self.coroutine(py) else {
            return Ok(());
        };
        let closed = coroutine.call_method0("close");
        self.end(Err(AppError::msg("its coroutine was closed")));
        closed.map(drop)
    }

    /// `cr_frame`, `cr_await`, `cr_code`, `__name__`: for whoever looks at the task.
    fn __getattr__<'py>(&self, py: Python<'py>, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        match self.coroutine(py) {
            Ok(coroutine) => coroutine.getattr(name.cast::<PyString>()?),
            Err(_) => Err(PyAttributeError::new_err(name.clone().unbind())),
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.call
            .finish(Err(AppError::msg("its task was dropped before it had ended")));
    }
}
