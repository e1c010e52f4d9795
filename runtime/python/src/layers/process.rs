//! What all layers of a process share: one tokio runtime, and the event loops they wake.
//!
//! A fork copies neither its threads nor the state of their locks in any use: a child leaves
//! everything of its parent's alone, undropped, and starts with a runtime of its own. So the outermost
//! lock here, and the one a layer keeps its state behind, are taken by attached threads only and never
//! across a call into Python: whoever forks is attached, so nobody holds one then.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::timeout;

use super::error;
use super::event_loop::Loops;
use super::journal::Journal;
use super::state::State;

/// How long the layers may take to leave their groups when the interpreter ends.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);
/// How long what they have left may then take, such as a name that is being resolved.
const STOP_DEADLINE: Duration = Duration::from_millis(500);

static PROCESS: Mutex<Option<Arc<Process>>> = Mutex::new(None);

/// How often this process has come out of a fork: asking for its id would be a system call for every
/// message.
static FORKS: AtomicU32 = AtomicU32::new(0);

/// One process, from the first use of a layer to the interpreter's end.
#[derive(Debug)]
pub(super) struct Process {
    forks: u32,
    handle: Handle,
    runtime: Mutex<Option<Runtime>>,
    ended: AtomicBool,
    pub(super) loops: Loops,
    states: Mutex<Vec<std::sync::Weak<State>>>,
}

impl Process {
    /// This process. The caller is attached.
    ///
    /// Fails once the interpreter is ending, and where no thread can be started.
    pub(super) fn current(py: Python<'_>) -> PyResult<Arc<Self>> {
        let forks = FORKS.load(Ordering::Relaxed);
        let mut current = PROCESS.lock();
        match &*current {
            Some(process) if process.forks == forks => return process.alive().map(|()| Arc::clone(process)),
            // A fork's parent's: its threads are not here to be waited for.
            Some(_) => std::mem::forget(current.take()),
            None => {}
        }
        let process = Arc::new(Self::start(py, forks)?);
        *current = Some(Arc::clone(&process));
        Ok(process)
    }

    fn start(py: Python<'_>, forks: u32) -> PyResult<Self> {
        let loops = Loops::new(Journal::new(py));
        let journal = Arc::clone(&loops.journal);
        // One thread: what a layer does is wait for sockets, and one thread wakes nobody but itself.
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("laureola-layers")
            .on_thread_start(move || journal.open())
            .enable_all()
            .build()
            .map_err(|error| PyRuntimeError::new_err(format!("cannot start the channel layers: {error}")))?;
        Ok(Self {
            forks,
            handle: runtime.handle().clone(),
            runtime: Mutex::new(Some(runtime)),
            ended: AtomicBool::new(false),
            loops,
            states: Mutex::default(),
        })
    }

    /// Where the layers' tasks run.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    pub(super) fn alive(&self) -> PyResult<()> {
        if self.ended.load(Ordering::Relaxed) {
            Err(error::ended())
        } else {
            Ok(())
        }
    }

    /// Whether this is the process that made it, and not a fork of it.
    pub(super) fn is_here(&self) -> bool {
        self.forks == FORKS.load(Ordering::Relaxed)
    }

    /// Closes this state when the interpreter ends.
    pub(super) fn enlist(&self, state: &Arc<State>) {
        let mut states = self.states.lock();
        states.retain(|state| state.strong_count() > 0);
        states.push(Arc::downgrade(state));
    }

    /// Leaves all groups and ends every thread.
    fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
        let Some(runtime) = self.runtime.lock().take() else {
            return;
        };
        let states: Vec<_> = self
            .states
            .lock()
            .drain(..)
            .filter_map(|state| state.upgrade())
            .collect();
        if !states.is_empty() {
            let _log = self.loops.journal.listen();
            let close = join_all(states.iter().map(|state| state.close()));
            // Whoever takes longer leaves its members to the next process that finds them dead.
            let _ = runtime.block_on(async { timeout(CLOSE_DEADLINE, close).await });
        }
        runtime.shutdown_timeout(STOP_DEADLINE);
    }
}

/// Says that this process is a new one. For `os.register_at_fork`, in the child, which Python calls for
/// whoever forks.
#[pyfunction]
pub(super) fn channel_layers_forked() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

/// Leaves all groups, and ends every thread of the layers, within three seconds. For `atexit`: threads
/// that live on while the interpreter is taken apart are how extension modules crash.
#[pyfunction]
pub(super) fn end_channel_layers(py: Python<'_>) {
    let process = PROCESS.lock().clone();
    match process {
        Some(process) if process.is_here() => {
            py.detach(|| process.end());
            process.loops.journal.tell(py);
        }
        // A fork that has not used a layer yet.
        other => std::mem::forget(other),
    }
}
