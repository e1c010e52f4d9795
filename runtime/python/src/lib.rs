//! `laureola._laureola`: the wheel's extension module.
//!
//! What a Python program imports is the package in `python/laureola`; this is the part of it that is
//! compiled.
//!
//! # Layout
//! - `host`: the command: Python's loop in the main thread, the server on threads beside
//! - `application`: the Python application, as the server sees it
//! - `bridge`: from the server's threads to the loop's
//! - `call`: one call of the application; `coroutine`: its end
//! - `eager`: its task, whose first step is made at once
//! - `direct`: messages that reach the client past Python
//! - `awaitable`: `receive`, `send`, and what they return
//! - `scope`, `event`, `command`: ASGI's dictionaries from and to what they are here
//! - [`layers`]: the channel layers
//! - `errors`, `asyncio`: exceptions, and what is asked of `asyncio`
//!
//! # Rules
//! - No thread of the server's takes the GIL on behalf of a connection. What Python is to do stands in the
//!   bridge's queue; the loop's thread does it.
//! - Objects of Python's are dropped in the loop's thread.
//! - Every thread that could touch Python has ended before the interpreter does.

use pyo3::prelude::*;

mod application;
mod asyncio;
mod awaitable;
mod bridge;
mod call;
mod command;
mod coroutine;
mod direct;
mod eager;
mod errors;
mod event;
mod host;
pub mod layers;
mod scope;

// As in the command. It is Rust's alone: Python has its own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The compiled part of `laureola`.
#[pymodule(gil_used = false)]
fn _laureola(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add(
        "ClientDisconnected",
        module.py().get_type::<errors::ClientDisconnected>(),
    )?;
    module.add_function(wrap_pyfunction!(host::run, module)?)?;
    module.add_class::<direct::Connection>()?;
    layers::register(module)
}
