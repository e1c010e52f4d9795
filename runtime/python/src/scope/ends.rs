//! `client` and `server`.

use std::sync::Arc;

use laureola_asgi::Address;
use parking_lot::Mutex;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};

/// `client` and `server`: lists, as in Daphne; nothing on a UNIX socket.
#[derive(Default)]
pub(super) struct Ends {
    client: Host,
    server: Host,
}

/// The host of the last connection: it is the same for many, all of them behind a proxy.
#[derive(Default)]
struct Host(Mutex<Option<(Arc<str>, Py<PyString>)>>);

impl Ends {
    pub(super) fn set(
        &self,
        dict: &Bound<'_, PyDict>,
        client: Option<&Address>,
        server: Option<&Address>,
    ) -> PyResult<()> {
        let py = dict.py();
        if let Some((host, port)) = host_and_port(client) {
            dict.set_item(intern!(py, "client"), pair(self.client.text(py, host), port)?)?;
        }
        if let Some((host, port)) = host_and_port(server) {
            dict.set_item(intern!(py, "server"), pair(self.server.text(py, host), port)?)?;
        }
        Ok(())
    }
}

impl Host {
    fn text<'py>(&self, py: Python<'py>, host: &Arc<str>) -> Bound<'py, PyString> {
        // The lock is not held while Python is asked for anything.
        let last = self.0.lock();
        if let Some((known, text)) = last.as_ref()
            && known == host
        {
            return text.bind(py).clone();
        }
        drop(last);
        let text = PyString::new(py, host);
        let before = self.0.lock().replace((Arc::clone(host), text.clone().unbind()));
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
