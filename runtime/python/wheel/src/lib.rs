//! `laureola._laureola`: the wheel's extension module, which is all of `laureola-python` and nothing else.
//!
//! What a Python program imports is the package in `../python/laureola`; this is the part of it that is
//! compiled. A project with Rust of its own builds a module like this one: `examples/own_module`.

use pyo3::prelude::*;

// As in the command. It is Rust's alone: Python has its own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The compiled part of `laureola`.
#[pymodule(gil_used = false)]
fn _laureola(module: &Bound<'_, PyModule>) -> PyResult<()> {
    laureola_python::extend(module, &[])
}
