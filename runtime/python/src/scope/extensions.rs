//! `extensions`.

use std::sync::Arc;

use laureola_asgi::{Supported, TlsInfo};
use parking_lot::Mutex;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

/// `extensions`: an empty dictionary for each that is offered, and what is known of TLS.
#[derive(Default)]
pub(super) struct Extensions(Mutex<Option<Arc<Names>>>);

/// The names of the last connection's, which nearly all have.
struct Names {
    of: Supported,
    names: Vec<Py<PyString>>,
    /// With all of them, to be copied.
    dict: Py<PyDict>,
}

impl Extensions {
    pub(super) fn dict<'py>(
        &self,
        py: Python<'py>,
        supported: Supported,
        tls: Option<&TlsInfo>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let names = self.names(py, supported.without(Supported::TLS))?;
        let dict = names.dict.bind(py).copy()?;
        // Their own: an application may change them.
        for name in &names.names {
            dict.set_item(name, PyDict::new(py))?;
        }
        if let Some(tls) = tls {
            dict.set_item(intern!(py, "tls"), tls_dict(py, tls)?)?;
        }
        Ok(dict)
    }

    fn names(&self, py: Python<'_>, of: Supported) -> PyResult<Arc<Names>> {
        // The lock is not held while Python is asked for anything.
        let last = self.0.lock().clone();
        if let Some(names) = last.filter(|names| names.of == of) {
            return Ok(names);
        }
        let dict = PyDict::new(py);
        let names: Vec<_> = of.names().map(|name| PyString::intern(py, name)).collect();
        for name in &names {
            dict.set_item(name, py.None())?;
        }
        let names = Arc::new(Names {
            of,
            names: names.into_iter().map(Bound::unbind).collect(),
            dict: dict.unbind(),
        });
        let before = self.0.lock().replace(Arc::clone(&names));
        drop(before);
        Ok(names)
    }
}

fn tls_dict<'py>(py: Python<'py>, tls: &TlsInfo) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("server_cert", tls.server_cert.as_deref())?;
    let chain = tls.client_cert_chain().iter().map(|pem| &**pem);
    dict.set_item("client_cert_chain", PyList::new(py, chain)?)?;
    dict.set_item("client_cert_name", tls.client_cert_name.as_deref())?;
    dict.set_item("client_cert_error", tls.client_cert_error.as_deref())?;
    dict.set_item("tls_version", tls.tls_version)?;
    dict.set_item("cipher_suite", tls.cipher_suite)?;
    Ok(dict)
}
