//! The event loops that wait for a layer, and how they are woken.
//!
//! Threads of the layers never attach to the interpreter. What they have for a loop they put into its
//! queue, and write to its eventfd where the queue was empty; the loop reads the whole queue at once.
//!
//! asyncio alone keeps an [`EventLoop`] alive, as the reader of that eventfd: when a loop closes, or is
//! collected, its end goes with it. Nothing else has to be told.

use std::collections::HashMap;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use laureola_layers::{ChannelName, LayerError};
use laureola_message::Delivery;
use parking_lot::Mutex;
use pyo3::exceptions::PyOSError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyWeakrefMethods, PyWeakrefReference};
use rustix::event::{EventfdFlags, eventfd};

use super::channel::LocalChannel;
use super::decode;
use super::error;
use super::journal::Journal;

/// Names a future within its loop.
pub(super) type Ticket = u64;

/// What an operation ends with.
pub(super) type Outcome = Result<Reply, LayerError>;

/// What an operation brings.
#[derive(Debug)]
pub(super) enum Reply {
    Nothing,
    /// A new channel's name.
    Name(ChannelName),
}

impl Reply {
    pub(super) fn into_python(self, py: Python<'_>) -> Py<PyAny> {
        match self {
            Self::Nothing => py.None(),
            Self::Name(name) => PyString::new(py, name.as_str()).into_any().unbind(),
        }
    }
}

/// Something for a loop's thread to do. There is one at most for each future that waits, which bounds
/// the queue of a loop that does not run.
#[derive(Debug)]
pub(super) enum Event {
    /// An operation has ended.
    Done(Ticket, Outcome),
    /// A channel has something, or may have, for one who waits.
    Ready(Arc<LocalChannel>),
}

/// What waits for a loop's turn.
#[derive(Debug, Default)]
struct Queue {
    events: Vec<Event>,
    /// Has lines for Python's log.
    journal: Option<Arc<Journal>>,
}

/// The end of a loop that any thread may use.
#[derive(Debug)]
pub(super) struct Wakeup {
    eventfd: OwnedFd,
    /// `None` once the loop is gone.
    queue: Mutex<Option<Queue>>,
}

impl Wakeup {
    /// Has the loop's thread do this, some time soon.
    pub(super) fn push(&self, event: Event) {
        self.add(|queue| queue.events.push(event));
    }

    /// Has the loop's thread tell Python's log what this journal has, some time soon. Once, until it does.
    pub(super) fn written(&self, journal: &Arc<Journal>) {
        self.add(|queue| queue.journal = Some(Arc::clone(journal)));
    }

    fn add(&self, add: impl FnOnce(&mut Queue)) {
        let was_empty = {
            let mut queue = self.queue.lock();
            let Some(queue) = &mut *queue else {
                return;
            };
            let was_empty = queue.events.is_empty() && queue.journal.is_none();
            add(queue);
            was_empty
        };
        if was_empty {
            // It can only fail with the counter full, and then the loop is awake.
            let _ = rustix::io::write(&self.eventfd, &1_u64.to_ne_bytes());
        }
    }

    fn take(&self) -> Queue {
        // First: a write that comes between the two wakes the loop once in vain, and is not lost.
        let _ = rustix::io::read(&self.eventfd, &mut [0; 8]);
        self.queue.lock().as_mut().map(std::mem::take).unwrap_or_default()
    }
}

/// The end of a loop that its own thread has.
#[pyclass(frozen, weakref, module = "laureola._laureola")]
#[derive(Debug)]
pub(super) struct EventLoop {
    wakeup: Arc<Wakeup>,
    waiting: Mutex<HashMap<Ticket, Py<PyAny>>>,
    next: AtomicU64,
    last: Mutex<Option<decode::Last>>,
}

impl EventLoop {
    pub(super) fn wakeup(&self) -> &Arc<Wakeup> {
        &self.wakeup
    }

    /// A future of the running loop, and what it is called here.
    pub(super) fn future<'py>(&self, running: &Bound<'py, PyAny>) -> PyResult<(Ticket, Bound<'py, PyAny>)> {
        let py = running.py();
        let future = running.call_method0(intern!(py, "create_future"))?;
        let ticket = self.next.fetch_add(1, Ordering::Relaxed);
        self.waiting.lock().insert(ticket, future.clone().unbind());
        Ok((ticket, future))
    }

    /// Lets a future be.
    pub(super) fn forget(&self, ticket: Ticket) -> Option<Py<PyAny>> {
        self.waiting.lock().remove(&ticket)
    }

    /// A dict of what a delivery brings.
    pub(super) fn dict<'py>(&self, py: Python<'py>, delivery: &Arc<Delivery>) -> PyResult<Bound<'py, PyAny>> {
        let last = self.last.lock().take();
        let (dict, last) = decode::Last::dict(last, py, delivery)?;
        let older = std::mem::replace(&mut *self.last.lock(), last);
        drop(older);
        Ok(dict.into_any())
    }

    /// Ends a future with a message. False where it has ended already: somebody gave up.
    pub(super) fn deliver(&self, py: Python<'_>, ticket: Ticket, delivery: &Arc<Delivery>) -> bool {
        let Some(future) = self.forget(ticket) else {
            return false;
        };
        let future = future.into_bound(py);
        if has_ended(&future) {
            return false;
        }
        end(&future, self.dict(py, delivery));
        true
    }

    /// Ends a future without a message: its channel has to be opened again.
    pub(super) fn send_off(&self, py: Python<'_>, ticket: Ticket) {
        self.finish(py, ticket, Ok(Reply::Nothing));
    }

    fn finish(&self, py: Python<'_>, ticket: Ticket, outcome: Outcome) {
        let Some(future) = self.forget(ticket) else {
            return;
        };
        let future = future.into_bound(py);
        if has_ended(&future) {
            return;
        }
        let result = match outcome {
            Ok(reply) => Ok(reply.into_python(py).into_bound(py)),
            Err(error) => Err(error::to_python(py, &error)),
        };
        end(&future, result);
    }
}

#[pymethods]
impl EventLoop {
    /// The loop's reader: does what stands in the queue.
    fn __call__(slf: &Bound<'_, Self>) {
        let this = slf.get();
        let Queue { events, journal } = this.wakeup.take();
        for event in events {
            match event {
                Event::Done(ticket, outcome) => this.finish(slf.py(), ticket, outcome),
                Event::Ready(channel) => channel.serve(slf),
            }
        }
        if let Some(journal) = journal {
            journal.tell(slf.py());
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // Whoever holds it is attached, and will be found the next time.
        let Some(waiting) = self.waiting.try_lock() else {
            return Ok(());
        };
        for future in waiting.values() {
            visit.call(future)?;
        }
        Ok(())
    }

    fn __clear__(&self) {
        let waiting = std::mem::take(&mut *self.waiting.lock());
        drop(waiting);
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        let left = self.wakeup.queue.lock().take();
        drop(left);
    }
}

fn has_ended(future: &Bound<'_, PyAny>) -> bool {
    let done = future.call_method0(intern!(future.py(), "done"));
    done.and_then(|done| done.is_truthy()).unwrap_or(true)
}

fn end(future: &Bound<'_, PyAny>, result: PyResult<Bound<'_, PyAny>>) {
    let py = future.py();
    let ended = match result {
        Ok(value) => future.call_method1(intern!(py, "set_result"), (value,)),
        Err(error) => future.call_method1(intern!(py, "set_exception"), (error.into_value(py),)),
    };
    if let Err(error) = ended {
        error.write_unraisable(py, Some(future));
    }
}

/// The loops of this process that have waited for a layer, or have called one where its journal is all the log there is.
#[derive(Debug)]
pub(super) struct Loops {
    entered: Mutex<HashMap<usize, Entry>>,
    pub(super) journal: Arc<Journal>,
}

#[derive(Debug)]
struct Entry {
    running: Py<PyWeakrefReference>,
    here: Py<PyWeakrefReference>,
}

impl Entry {
    fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            running: self.running.clone_ref(py),
            here: self.here.clone_ref(py),
        }
    }
}

/// The running loop, and our end of it.
pub(super) type Running<'py> = (Bound<'py, PyAny>, Bound<'py, EventLoop>);

impl Loops {
    pub(super) fn new(journal: Arc<Journal>) -> Self {
        Self {
            entered: Mutex::default(),
            journal,
        }
    }

    /// The loop that runs in this thread.
    ///
    /// Fails with asyncio's `RuntimeError` where none does.
    pub(super) fn running<'py>(&self, py: Python<'py>) -> PyResult<Running<'py>> {
        static GET: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let running = GET.import(py, "asyncio", "get_running_loop")?.call0()?;
        let key = running.as_ptr().addr();
        let known = self.entered.lock().get(&key).map(|entry| entry.clone_ref(py));
        if let Some(entry) = known
            && entry
                .running
                .bind(py)
                .upgrade()
                .is_some_and(|known| known.is(&running))
            && let Some(here) = entry.here.bind(py).upgrade_as::<EventLoop>()?
        {
            return Ok((running, here));
        }
        let here = self.enter(&running, key)?;
        Ok((running, here))
    }

    fn enter<'py>(&self, running: &Bound<'py, PyAny>, key: usize) -> PyResult<Bound<'py, EventLoop>> {
        let py = running.py();
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let eventfd = eventfd(0, flags)
            .map_err(|errno| PyOSError::new_err((errno.raw_os_error(), errno.to_string())))?;
        let fd = eventfd.as_raw_fd();
        let here = EventLoop {
            wakeup: Arc::new(Wakeup {
                eventfd,
                queue: Mutex::new(Some(Queue::default())),
            }),
            waiting: Mutex::default(),
            next: AtomicU64::new(0),
            last: Mutex::default(),
        };
        self.journal.enlist(&here.wakeup);
        let here = Bound::new(py, here)?;
        running.call_method1(intern!(py, "add_reader"), (fd, &here))?;
        let entry = Entry {
            running: PyWeakrefReference::new(running)?.unbind(),
            here: PyWeakrefReference::new(here.as_any())?.unbind(),
        };
        let older = self.entered.lock().insert(key, entry);
        drop(older);
        self.sweep(py);
        Ok(here)
    }

    /// Forgets loops that are gone.
    fn sweep(&self, py: Python<'_>) {
        let entries: Vec<_> = self
            .entered
            .lock()
            .iter()
            .map(|(key, entry)| (*key, entry.clone_ref(py)))
            .collect();
        let mut gone = Vec::new();
        for (key, entry) in entries {
            if entry.here.bind(py).upgrade().is_none() {
                gone.extend(self.entered.lock().remove(&key));
            }
        }
        drop(gone);
    }
}
