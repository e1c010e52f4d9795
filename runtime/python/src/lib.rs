//! `laureola._laureola`: the wheel's extension module.
//!
//! What a Python program imports is the package in `python/laureola`; this is the part of it that is
//! compiled.

use pyo3::prelude::*;

/// The compiled part of `laureola`.
#[pymodule(gil_used = false)]
fn _laureola(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
