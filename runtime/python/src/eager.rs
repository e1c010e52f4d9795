//! Tasks whose first step is made at once, where `loop.create_task` leaves it to the loop's next turn: most requests
//! are answered within it.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Makes `asyncio.Task`s of one loop.
pub(crate) struct Eager {
    task: Py<PyAny>,
    /// The arguments beside the coroutine.
    options: Py<PyDict>,
    first_step: FirstStep,
}

/// How the first step comes to be made.
enum FirstStep {
    /// By the task (`eager_start`, from Python 3.12 on).
    ByTask,
    /// Before that a task asks its loop's `call_soon` for it. For that moment this stands in the place of the loop's
    /// own method, and the step is made here, in the context the task asked for.
    Caught {
        event_loop: Py<PyAny>,
        catcher: Py<Catcher>,
        /// Its method: called as a function is, where an object's call would make a tuple and a dictionary.
        catch: Py<PyAny>,
        /// Tasks so far, which they are named after: asyncio's own way to a name is long.
        tasks: AtomicU64,
    },
}

impl Eager {
    /// `None` where the loop makes tasks in a way of its own.
    pub(crate) fn of(event_loop: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        let py = event_loop.py();
        if !event_loop.call_method0("get_task_factory")?.is_none() {
            return Ok(None);
        }
        let options = PyDict::new(py);
        options.set_item("loop", event_loop)?;
        let first_step = if py.version_info() >= (3, 12) {
            options.set_item("eager_start", true)?;
            FirstStep::ByTask
        } else {
            let catcher = Bound::new(py, Catcher::default())?;
            FirstStep::Caught {
                event_loop: event_loop.clone().unbind(),
                catch: catcher.getattr("catch")?.unbind(),
                catcher: catcher.unbind(),
                tasks: AtomicU64::new(0),
            }
        };
        Ok(Some(Self {
            task: py.import("asyncio")?.getattr("Task")?.unbind(),
            options: options.unbind(),
            first_step,
        }))
    }

    /// Makes a task of a coroutine, shows it to `made`, and makes its first step, whichever comes first.
    ///
    /// # Errors
    /// What ends a program, raised by that step.
    pub(crate) fn start<'py>(
        &self,
        coroutine: &Bound<'py, PyAny>,
        made: impl FnOnce(Bound<'py, PyAny>),
    ) -> PyResult<()> {
        let py = coroutine.py();
        let make = || self.task.bind(py).call((coroutine,), Some(self.options.bind(py)));
        match &self.first_step {
            FirstStep::ByTask => made(make()?),
            FirstStep::Caught {
                event_loop,
                catcher,
                catch,
                tasks,
            } => {
                let number = 1 + tasks.fetch_add(1, Ordering::Relaxed);
                let task_name = format!("asgi-{number}");
                self.options.bind(py).set_item(intern!(py, "name"), task_name)?;
                let name = intern!(py, "call_soon");
                event_loop.setattr(py, name, catch)?;
                let task = make();
                event_loop.bind(py).delattr(name)?;
                made(task?);
                catcher.get().step(py)?;
            }
        }
        Ok(())
    }
}

/// `loop.call_soon`, for one callback.
#[pyclass(frozen, module = "laureola._laureola")]
#[derive(Default)]
struct Catcher(Mutex<Option<(Py<PyAny>, Py<PyAny>)>>);

#[pymethods]
impl Catcher {
    #[pyo3(signature = (callback, *, context))]
    fn catch(&self, callback: Py<PyAny>, context: Py<PyAny>) {
        *self.0.lock() = Some((callback, context));
    }
}

impl Catcher {
    /// Makes the step it caught.
    fn step(&self, py: Python<'_>) -> PyResult<()> {
        let caught = self.0.lock().take();
        let (step, context) = caught
            .ok_or_else(|| PyRuntimeError::new_err("a task did not ask its loop for its first step"))?;
        context.call_method1(py, intern!(py, "run"), (step,)).map(drop)
    }
}
