//! One call of the Python application: what its Rust half and its Python half share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use laureola_asgi::send::CommandSink;
use laureola_asgi::wake::wake;
use laureola_asgi::{AppError, Command, Event, Receiver, Sender, TrySendError};
use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::awaitable::Signal;
use crate::bridge::{Bridge, Job};
use crate::direct::{Direct, Outlet};
use crate::errors;

/// See the module's documentation. As a waker it brings the Python half to look again.
pub(crate) struct Call {
    bridge: Arc<Bridge>,
    /// The connection; gone once the application has ended. Only the loop's thread takes the lock.
    ends: Mutex<Option<Ends>>,
    /// A wake-up is on its way.
    woken: AtomicBool,
    outcome: Mutex<Outcome>,
    /// The loop's thread's own: what it made of the call. Cleared there when the application ends, so that
    /// no other thread drops an object of Python's.
    python: Mutex<InPython>,
}

struct Ends {
    receive: Receiver,
    send: Sender,
    direct: Direct,
}

#[derive(Default)]
struct Outcome {
    result: Option<Result<(), AppError>>,
    over: bool,
    waker: Option<Waker>,
}

#[derive(Default)]
struct InPython {
    task: Option<Py<PyAny>>,
    /// Who waits for an event, or for room.
    waiting: Vec<Py<Signal>>,
}

impl Call {
    pub(crate) fn new(bridge: Arc<Bridge>, receive: Receiver, send: Sender) -> Arc<Self> {
        Arc::new(Self {
            bridge,
            ends: Mutex::new(Some(Ends {
                receive,
                send,
                direct: Direct::default(),
            })),
            woken: AtomicBool::new(false),
            outcome: Mutex::default(),
            python: Mutex::default(),
        })
    }

    /// Ready when the application has ended.
    pub(crate) fn poll_outcome(&self, cx: &mut Context<'_>) -> Poll<Result<(), AppError>> {
        let mut outcome = self.outcome.lock();
        match outcome.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                outcome.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Nobody polls for the outcome any more.
    pub(crate) fn abandon(self: &Arc<Self>) {
        if !self.outcome.lock().over {
            self.bridge.push(Job::Cancel(Arc::clone(self)));
        }
    }
}

/// In the loop's thread.
impl Call {
    /// The next event; without one the call is woken when it comes. After the application has ended there
    /// is only the disconnect.
    pub(crate) fn poll_event(self: &Arc<Self>) -> Poll<Option<Event>> {
        let mut ends = self.ends.lock();
        let Some(Ends { receive, .. }) = ends.as_mut() else {
            return Poll::Ready(None);
        };
        // Before the poll: what comes behind it wakes again.
        self.woken.store(false, Ordering::Release);
        let waker = Waker::from(Arc::clone(self));
        receive.poll_next(&mut Context::from_waker(&waker)).map(Some)
    }

    pub(crate) fn try_send(&self, command: Command) -> Result<(), TrySendError> {
        let mut ends = self.ends.lock();
        let Some(Ends { send, direct, .. }) = ends.as_mut() else {
            return Err(TrySendError::disconnected());
        };
        let accepts = matches!(command, Command::WebSocketAccept { .. });
        send.try_send(command)?;
        if accepts {
            direct.accepted(send);
        }
        Ok(())
    }

    /// What takes messages for the client past the application, until that has ended.
    pub(crate) fn outlet(&self) -> Option<Arc<Outlet>> {
        let mut ends = self.ends.lock();
        ends.as_mut().map(|Ends { send, direct, .. }| direct.outlet(send))
    }

    /// Whether `try_send` may take more; if not the call is woken when it does.
    pub(crate) fn poll_ready(self: &Arc<Self>) -> Poll<()> {
        let ends = self.ends.lock();
        let Some(ends) = ends.as_ref() else {
            return Poll::Ready(());
        };
        self.woken.store(false, Ordering::Release);
        let waker = Waker::from(Arc::clone(self));
        ends.send.poll_ready(&mut Context::from_waker(&waker))
    }

    pub(crate) fn set_task(&self, task: Py<PyAny>) {
        // One that began at once may have ended already.
        if !self.outcome.lock().over {
            self.python.lock().task = Some(task);
        }
    }

    /// Somebody waits for the next wake-up.
    pub(crate) fn wait(&self, signal: Py<Signal>) {
        self.python.lock().waiting.push(signal);
    }

    /// Somebody no longer does.
    pub(crate) fn forget(&self, signal: &Signal) {
        let mut python = self.python.lock();
        python
            .waiting
            .retain(|waiting| !std::ptr::eq(waiting.get(), signal));
    }

    /// Has everybody look again who waits.
    pub(crate) fn wake_python(&self, py: Python<'_>) -> PyResult<()> {
        let mut waiting = std::mem::take(&mut self.python.lock().waiting);
        while let Some(signal) = waiting.pop() {
            if let Err(error) = signal.get().wake(py, signal.bind(py)) {
                self.python.lock().waiting.append(&mut waiting);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Cancels the application's task, and says where that was: it had its time.
    pub(crate) fn cancel(&self, py: Python<'_>) {
        let task = self.python.lock().task.take();
        let Some(task) = task else { return };
        let cancelled = stack_of(task.bind(py)).and_then(|stack| {
            if let Some(stack) = stack {
                tracing::warn!("an application that had its time is cancelled; it was here\n{stack}");
            }
            task.call_method0(py, "cancel")
        });
        if let Err(error) = cancelled {
            error.write_unraisable(py, Some(task.bind(py)));
        }
    }

    /// The application failed.
    pub(crate) fn fail(&self, py: Python<'_>, error: &PyErr) {
        self.finish(Err(errors::of_application(py, error)));
    }

    /// The application has ended.
    pub(crate) fn finish(&self, result: Result<(), AppError>) {
        let waker = {
            let mut outcome = self.outcome.lock();
            if outcome.over {
                return;
            }
            outcome.over = true;
            outcome.result = Some(result);
            outcome.waker.take()
        };
        // They hold wakers of this call: a circle that nobody else would break.
        let ends = self.ends.lock().take();
        drop(ends);
        let python = std::mem::take(&mut *self.python.lock());
        drop(python);
        if let Some(waker) = waker {
            wake(waker);
        }
    }
}

/// Where a task is, as Python writes it; `None` where the log has it already.
fn stack_of(task: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    static FUNCTION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let function = FUNCTION.import(task.py(), "laureola._stacks", "of_task")?;
    function.call1((task,))?.extract()
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            let bridge = Arc::clone(&self.bridge);
            bridge.push(Job::Wake(self));
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("over", &self.outcome.lock().over)
            .finish_non_exhaustive()
    }
}
