//! Python's ASGI applications on the Laureola server: the compiled part of the Python package `laureola`.
//!
//! The wheel's extension module is this crate and an allocator (`laureola-wheel`). A project with Rust of its own
//! builds one like it, with its plugins (`examples/own_module` in the repository):
//!
//! ```ignore
//! #[pymodule]
//! fn _rust(module: &Bound<'_, PyModule>) -> PyResult<()> {
//!     laureola_python::extend(module, &[("room", |plugins| plugins.with(Room))])
//! }
//! ```
//!
//! # Layout
//! - [`extend`]: the module's contents; `plugins`: what `--plugin` can name
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
mod module;
mod plugins;
mod scope;

pub use module::extend;
pub use plugins::Named;
