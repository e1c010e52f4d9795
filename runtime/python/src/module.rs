//! An extension module: the wheel's own, or one that a project builds around its Rust.

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::plugins::Named;
use crate::{direct, errors, host, layers, plugins};

/// What the package calls its compiled part, whoever that is.
const NAME: &str = "laureola._laureola";

/// Makes this module the compiled part of the Python package `laureola`, and `plugins` what `--plugin` can name
/// beside the built-in ones; of two with one name, yours is meant. To be called once, by the `#[pymodule]`.
///
/// The package finds the module by an entry point of your project, in the group `laureola.module`.
///
/// # Errors
/// `ImportError` if this process has another compiled part already: there can only be one runtime, with one channel
/// layer.
pub fn extend(module: &Bound<'_, PyModule>, plugins: &'static [Named]) -> PyResult<()> {
    let py = module.py();
    let modules = py.import("sys")?.getattr("modules")?;
    let modules = modules.cast_into::<PyDict>()?;
    if let Some(there) = modules.get_item(NAME)?
        && !there.is(module)
    {
        return Err(PyImportError::new_err(format!(
            "{} cannot be laureola's compiled part: this process has {} already; name yours in pyproject.toml under \
             [project.entry-points.\"laureola.module\"], or import it before anything of laureola",
            module.name()?,
            there.getattr("__name__")?,
        )));
    }
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("ClientDisconnected", py.get_type::<errors::ClientDisconnected>())?;
    module.add_function(wrap_pyfunction!(host::run, module)?)?;
    module.add_class::<direct::Connection>()?;
    layers::register(module)?;
    plugins::add(plugins);
    modules.set_item(NAME, module)
}
