//! Channel layers for Django: what `laureola.layers` is made of.
//!
//! # Layout
//! - `core`: one layer, as the Python classes have it; `receiving`: one `receive` that waits
//! - `spec`: its kind and options; `state`: its connection and channels in one process
//! - `channel`: a channel of this process and who waits at it; `notices`: outages as messages
//! - `process`: what the layers of a process share, and what a fork does to it
//! - `event_loop`: how threads wake event loops without the interpreter's lock
//! - `encode`, `decode`: dicts as messages and back; `error`: exceptions
//! - `journal`: what they have to say, for Python's `logging`
//! - `native`: layers by name, shared with Rust's consumers
//!
//! # Locks
//! No lock is held across a call into Python: whatever allocates there may run a finalizer, which may
//! come back here. Threads of the layers never attach, so an attached thread may wait for their locks.

use pyo3::prelude::*;

mod channel;
mod core;
mod decode;
mod encode;
mod error;
mod event_loop;
mod journal;
pub mod native;
mod notices;
mod process;
mod receiving;
mod spec;
mod state;

/// Adds what `laureola.layers` needs to the extension module.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<core::LayerCore>()?;
    module.add_function(wrap_pyfunction!(process::channel_layers_forked, module)?)?;
    module.add_function(wrap_pyfunction!(process::end_channel_layers, module)?)
}
