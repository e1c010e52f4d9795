//! Scopes as ASGI's dictionaries.

use laureola_asgi::scope::ASGI_VERSION;
use laureola_asgi::{Address, HttpScope, Scope, Supported, TlsInfo, WebSocketScope};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

/// The dictionary of a scope, with `asgi`, `headers` and `extensions` of its own: an application may change them.
///
/// `state` is the lifespan's own; a connection has a shallow copy.
pub(crate) fn dict<'py>(
    py: Python<'py>,
    scope: &Scope,
    state: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item(intern!(py, "type"), PyString::intern(py, scope.protocol()))?;
    let asgi = PyDict::new(py);
    asgi.set_item(intern!(py, "version"), intern!(py, ASGI_VERSION))?;
    asgi.set_item(
        intern!(py, "spec_version"),
        PyString::intern(py, scope.spec_version()),
    )?;
    dict.set_item(intern!(py, "asgi"), asgi)?;
    match scope {
        Scope::Http(scope) => http(&dict, scope)?,
        Scope::WebSocket(scope) => websocket(&dict, scope)?,
        // The application fills it.
        _ => return dict.set_item(intern!(py, "state"), state).map(|()| dict),
    }
    dict.set_item(intern!(py, "state"), state.copy()?)?;
    Ok(dict)
}

fn http(dict: &Bound<'_, PyDict>, scope: &HttpScope) -> PyResult<()> {
    let py = dict.py();
    let text = |text| PyString::intern(py, text);
    dict.set_item(intern!(py, "http_version"), text(scope.http_version()))?;
    // Not interned: it may be any word of the client's.
    dict.set_item(intern!(py, "method"), scope.method().as_str())?;
    dict.set_item(intern!(py, "scheme"), text(scope.scheme()))?;
    dict.set_item(intern!(py, "path"), scope.path())?;
    dict.set_item(intern!(py, "raw_path"), PyBytes::new(py, scope.raw_path()))?;
    dict.set_item(
        intern!(py, "query_string"),
        PyBytes::new(py, scope.query_string()),
    )?;
    dict.set_item(intern!(py, "root_path"), &*scope.root_path)?;
    let headers = scope.parts.headers.iter();
    let headers = headers.map(|(name, value)| header(py, name.as_str().as_bytes(), value.as_bytes()));
    set_headers(dict, headers)?;
    set_ends(dict, scope.client.as_ref(), scope.server.as_ref())?;
    set_extensions(dict, scope.supported, scope.tls.as_deref())
}

fn websocket(dict: &Bound<'_, PyDict>, scope: &WebSocketScope) -> PyResult<()> {
    let py = dict.py();
    let text = |text| PyString::intern(py, text);
    dict.set_item(intern!(py, "http_version"), text(scope.http_version()))?;
    dict.set_item(intern!(py, "scheme"), text(scope.scheme()))?;
    dict.set_item(intern!(py, "path"), scope.path())?;
    dict.set_item(intern!(py, "raw_path"), PyBytes::new(py, scope.raw_path()))?;
    dict.set_item(
        intern!(py, "query_string"),
        PyBytes::new(py, scope.query_string()),
    )?;
    dict.set_item(intern!(py, "root_path"), &*scope.root_path)?;
    let headers = scope.headers().iter();
    set_headers(dict, headers.map(|(name, value)| header(py, name, value)))?;
    set_ends(dict, scope.client.as_ref(), scope.server.as_ref())?;
    let subprotocols = PyList::new(py, scope.subprotocols().iter().map(|name| &**name))?;
    dict.set_item(intern!(py, "subprotocols"), subprotocols)?;
    set_extensions(dict, scope.supported, scope.tls.as_deref())
}

fn header<'py>(py: Python<'py>, name: &[u8], value: &[u8]) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, [PyBytes::new(py, name), PyBytes::new(py, value)])
}

fn set_headers<'py>(
    dict: &Bound<'py, PyDict>,
    headers: impl Iterator<Item = PyResult<Bound<'py, PyTuple>>>,
) -> PyResult<()> {
    let py = dict.py();
    let list = PyList::empty(py);
    for header in headers {
        list.append(header?)?;
    }
    dict.set_item(intern!(py, "headers"), list)
}

/// Lists, as in Daphne; nothing on a UNIX socket.
fn set_ends(dict: &Bound<'_, PyDict>, client: Option<&Address>, server: Option<&Address>) -> PyResult<()> {
    let py = dict.py();
    let end = |address: Option<&Address>| -> PyResult<_> {
        let Some((host, port)) = address.and_then(|address| Some((&*address.host, address.port?))) else {
            return Ok(None);
        };
        let list = PyList::empty(py);
        list.append(host)?;
        list.append(port)?;
        Ok(Some(list))
    };
    dict.set_item(intern!(py, "client"), end(client)?)?;
    dict.set_item(intern!(py, "server"), end(server)?)
}

fn set_extensions(dict: &Bound<'_, PyDict>, supported: Supported, tls: Option<&TlsInfo>) -> PyResult<()> {
    let py = dict.py();
    let extensions = PyDict::new(py);
    for name in supported.without(Supported::TLS).names() {
        extensions.set_item(PyString::intern(py, name), PyDict::new(py))?;
    }
    if let Some(tls) = tls {
        extensions.set_item(intern!(py, "tls"), tls_dict(py, tls)?)?;
    }
    dict.set_item(intern!(py, "extensions"), extensions)
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
