//! Direct delivery: messages that are written to a client without Python's noticing.
//!
//! An application that wants it takes the [`Connection`] from its scope and gives it to a channel layer together with
//! the name of its channel (`laureola.direct` does, for consumers). From then on that channel's mailbox shows the
//! connection's [`Outlet`] every message first, in whatever thread delivers it.

use std::any::TypeId;
use std::collections::VecDeque;
use std::sync::Arc;

use laureola_asgi::{SendError, Sender};
use laureola_layers::relay::Relay;
use laureola_message::{Batch, Delivery, Frame, Frames, direct_frame};
use parking_lot::Mutex;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::call::Call;

/// How many messages wait for the application to accept the connection; then the oldest goes, as in a channel. It is
/// the capacity that channels have by default.
const WAITING: usize = 100;

/// A connection that takes messages directly, as its scope has it: `scope["extensions"]["laureola.direct"]`.
///
/// Like the other extensions it looks empty, and a copy of the scope refers to the same connection.
#[pyclass(frozen, module = "laureola._laureola")]
#[derive(Debug)]
pub(crate) struct Connection(Arc<Call>);

impl Connection {
    /// Where its messages go; `None` once its application has ended.
    pub(crate) fn outlet(&self) -> Option<Arc<Outlet>> {
        self.0.outlet()
    }
}

#[pymethods]
impl Connection {
    fn __len__(&self) -> usize {
        0
    }

    fn __repr__(&self) -> &'static str {
        "{}"
    }

    fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }
}

/// Puts the connection into the scope of a WebSocket.
pub(crate) fn offer(scope: &Bound<'_, PyDict>, call: &Arc<Call>) -> PyResult<()> {
    let py = scope.py();
    let Some(extensions) = scope.get_item(intern!(py, "extensions"))? else {
        return Ok(());
    };
    let connection = Bound::new(py, Connection(Arc::clone(call)))?;
    extensions.set_item(intern!(py, "laureola.direct"), connection)
}

/// A call's share in it: dropped when the application has ended, which closes the outlet.
#[derive(Debug, Default)]
pub(crate) struct Direct {
    accepted: bool,
    outlet: Option<Arc<Outlet>>,
}

impl Direct {
    /// The outlet of the connection behind `sender`, made for the first who asks.
    pub(crate) fn outlet(&mut self, sender: &Sender) -> Arc<Outlet> {
        let accepted = self.accepted;
        let outlet = self.outlet.get_or_insert_with(|| {
            Arc::new(Outlet(Mutex::new(if accepted {
                Stage::Accepted(sender.clone())
            } else {
                Stage::Waiting(VecDeque::new(), 0)
            })))
        });
        Arc::clone(outlet)
    }

    /// The application has accepted the connection.
    pub(crate) fn accepted(&mut self, sender: &Sender) {
        self.accepted = true;
        if let Some(outlet) = &self.outlet {
            outlet.accepted(sender);
        }
    }
}

impl Drop for Direct {
    fn drop(&mut self) {
        if let Some(outlet) = &self.outlet {
            let before = std::mem::replace(&mut *outlet.0.lock(), Stage::Over);
            drop(before);
        }
    }
}

/// Writes to one client. Its lock keeps the order of what waited and what came behind it; nothing that takes it comes
/// back to a mailbox or to Python.
#[derive(Debug)]
pub(crate) struct Outlet(Mutex<Stage>);

#[derive(Debug)]
enum Stage {
    /// Not accepted yet: what came meanwhile, and how many were dropped.
    Waiting(VecDeque<Frame>, usize),
    Accepted(Sender),
    Over,
}

impl Outlet {
    fn accepted(&self, sender: &Sender) {
        let mut stage = self.0.lock();
        let Stage::Waiting(frames, lost) = &mut *stage else {
            return;
        };
        if *lost > 0 {
            tracing::warn!(
                lost,
                "a websocket was accepted too late for the messages that came for it"
            );
        }
        if let Some(frames) = Frames::new(frames.drain(..).collect()) {
            // Only a sink without a queue for this could refuse some, and then it is full.
            deliver(sender, &frames);
        }
        *stage = Stage::Accepted(sender.clone());
    }
}

impl Relay for Outlet {
    fn relay(&self, batch: &Batch, leave: &mut dyn FnMut(&Arc<Delivery>)) {
        let frame = |delivery: &Delivery| direct_frame(delivery.message());
        batch.relay(TypeId::of::<Self>(), frame, |frames| self.take(frames), leave);
    }
}

impl Outlet {
    /// Returns how many of the frames were taken.
    fn take(&self, frames: &Frames) -> usize {
        match &mut *self.0.lock() {
            Stage::Waiting(waiting, lost) => {
                for frame in frames.iter() {
                    if waiting.len() == WAITING {
                        waiting.pop_front();
                        *lost += 1;
                    }
                    waiting.push_back(frame.clone());
                }
                frames.len()
            }
            Stage::Accepted(sender) => deliver(sender, frames),
            Stage::Over => frames.len(),
        }
    }
}

/// How many the connection takes; the others are the application's.
fn deliver(sender: &Sender, frames: &Frames) -> usize {
    match sender.deliver_frames(frames) {
        Ok(taken) => taken,
        Err(SendError::Protocol(_)) => 0,
        // A client that has gone, or is too slow, gets nothing more.
        Err(_) => frames.len(),
    }
}
