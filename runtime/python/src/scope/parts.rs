//! The values of a scope's keys.

use std::sync::Arc;

use http::Method;
use laureola_asgi::{Address, Supported, TlsInfo};
use parking_lot::Mutex;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

/// A string there is one of, where it is one of the usual ones.
macro_rules! known {
    ($py:expr, $text:expr, $($known:literal)|+) => {
        match $text {
            $($known => intern!($py, $known).clone(),)+
            other => PyString::new($py, other),
        }
    };
}

pub(super) fn version<'py>(py: Python<'py>, version: &str) -> Bound<'py, PyString> {
    known!(py, version, "1.1" | "2" | "1.0")
}

pub(super) fn spec_version<'py>(py: Python<'py>, version: &str) -> Bound<'py, PyString> {
    known!(py, version, "2.5" | "2.0")
}

pub(super) fn scheme<'py>(py: Python<'py>, scheme: &str) -> Bound<'py, PyString> {
    known!(py, scheme, "http" | "https" | "ws" | "wss")
}

pub(super) fn method<'py>(py: Python<'py>, method: &Method) -> Bound<'py, PyString> {
    known!(
        py,
        method.as_str(),
        "GET" | "POST" | "HEAD" | "PUT" | "PATCH" | "DELETE" | "OPTIONS"
    )
}

/// A list of pairs.
pub(super) fn headers<'py, 'a>(
    py: Python<'py>,
    headers: impl Iterator<Item = (&'a [u8], &'a [u8])>,
) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for (name, value) in headers {
        list.append(PyTuple::new(
            py,
            [PyBytes::new(py, name), PyBytes::new(py, value)],
        )?)?;
    }
    Ok(list)
}

/// `client` and `server`: lists, as in Daphne; nothing on a UNIX socket.
#[derive(Default)]
pub(super) struct Ends {
    /// The server's host of the last connection: it is the same for most.
    server: Mutex<Option<(Arc<str>, Py<PyString>)>>,
}

impl Ends {
    pub(super) fn set(
        &self,
        dict: &Bound<'_, PyDict>,
        client: Option<&Address>,
        server: Option<&Address>,
    ) -> PyResult<()> {
        let py = dict.py();
        if let Some((client, port)) = host_and_port(client) {
            dict.set_item(intern!(py, "client"), pair(PyString::new(py, client), port)?)?;
        }
        if let Some((server, port)) = host_and_port(server) {
            dict.set_item(intern!(py, "server"), pair(self.server(py, server), port)?)?;
        }
        Ok(())
    }

    fn server<'py>(&self, py: Python<'py>, host: &Arc<str>) -> Bound<'py, PyString> {
        // The lock is not held while Python is asked for anything.
        let last = self.server.lock();
        if let Some((known, text)) = last.as_ref()
            && known == host
        {
            return text.bind(py).clone();
        }
        drop(last);
        let text = PyString::new(py, host);
        let before = self
            .server
            .lock()
            .replace((Arc::clone(host), text.clone().unbind()));
        drop(before);
        text
    }
}

fn host_and_port(address: Option<&Address>) -> Option<(&Arc<str>, u16)> {
    let address = address?;
    Some((&address.host, address.port?))
}

fn pair<'py>(host: Bound<'py, PyString>, port: u16) -> PyResult<Bound<'py, PyList>> {
    let py = host.py();
    PyList::new(py, [host.into_any(), port.into_pyobject(py)?.into_any()])
}

/// `extensions`: an empty dictionary for each that is offered, and what is known of TLS.
pub(super) fn extensions<'py>(
    py: Python<'py>,
    supported: Supported,
    tls: Option<&TlsInfo>,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for name in supported.without(Supported::TLS).names() {
        let name = known!(
            py,
            name,
            "http.response.pathsend"
                | "http.response.zerocopysend"
                | "http.response.early_hint"
                | "http.response.trailers"
                | "http.response.push"
                | "websocket.http.response"
        );
        dict.set_item(name, PyDict::new(py))?;
    }
    if let Some(tls) = tls {
        dict.set_item(intern!(py, "tls"), tls_dict(py, tls)?)?;
    }
    Ok(dict)
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
