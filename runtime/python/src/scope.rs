//! Scopes as ASGI's dictionaries.

mod ends;
mod extensions;
mod known;
mod pairs;

use laureola_asgi::scope::{ASGI_VERSION, HTTP_SPEC_VERSION, WEBSOCKET_SPEC_VERSION};
use laureola_asgi::{HttpScope, Scope, WebSocketScope};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

use ends::Ends;
use extensions::Extensions;
use known::{method, scheme, version};
use pairs::Pairs;

/// Makes the dictionaries of scopes, with `asgi`, `headers` and `extensions` of their own: an application may change
/// them.
///
/// Each is a copy of a dictionary that has every key already, and what most scopes of its kind have in common.
pub(crate) struct Scopes {
    http: Template,
    websocket: Template,
    pairs: Pairs,
    ends: Ends,
    extensions: Extensions,
}

/// What most scopes of a kind have.
struct Template {
    scope: Py<PyDict>,
    asgi: Py<PyDict>,
}

impl Template {
    /// A new scope, with an `asgi` of its own.
    fn dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = self.scope.bind(py).copy()?;
        dict.set_item(intern!(py, "asgi"), self.asgi.bind(py).copy()?)?;
        Ok(dict)
    }
}

impl Scopes {
    pub(crate) fn new(py: Python<'_>) -> PyResult<Self> {
        let common = |kind: &Bound<'_, PyString>, scheme: &Bound<'_, PyString>, spec_version| {
            let dict = PyDict::new(py);
            dict.set_item(intern!(py, "type"), kind)?;
            dict.set_item(intern!(py, "asgi"), py.None())?;
            dict.set_item(intern!(py, "http_version"), intern!(py, "1.1"))?;
            if kind.is(intern!(py, "http")) {
                dict.set_item(intern!(py, "method"), intern!(py, "GET"))?;
            }
            dict.set_item(intern!(py, "scheme"), scheme)?;
            for name in ["path", "raw_path"] {
                dict.set_item(PyString::intern(py, name), py.None())?;
            }
            dict.set_item(intern!(py, "query_string"), PyBytes::new(py, b""))?;
            dict.set_item(intern!(py, "root_path"), intern!(py, ""))?;
            for name in ["headers", "client", "server", "extensions", "state"] {
                dict.set_item(PyString::intern(py, name), py.None())?;
            }
            PyResult::Ok(Template {
                scope: dict.unbind(),
                asgi: asgi(py, spec_version)?.unbind(),
            })
        };
        let (http, ws) = (intern!(py, "http"), intern!(py, "ws"));
        Ok(Self {
            http: common(http, http, HTTP_SPEC_VERSION)?,
            websocket: common(intern!(py, "websocket"), ws, WEBSOCKET_SPEC_VERSION)?,
            pairs: Pairs::default(),
            ends: Ends::default(),
            extensions: Extensions::default(),
        })
    }

    /// The dictionary of a scope. `state` is the lifespan's own; a connection has a shallow copy.
    pub(crate) fn dict<'py>(
        &self,
        scope: &Scope,
        state: &Bound<'py, PyDict>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let py = state.py();
        let dict = match scope {
            Scope::Http(scope) => self.http(py, scope)?,
            Scope::WebSocket(scope) => self.websocket(py, scope)?,
            other => {
                let dict = PyDict::new(py);
                dict.set_item(intern!(py, "type"), other.protocol())?;
                // The application fills it.
                dict.set_item(intern!(py, "state"), state)?;
                dict.set_item(intern!(py, "asgi"), asgi(py, other.spec_version())?)?;
                return Ok(dict);
            }
        };
        dict.set_item(intern!(py, "state"), state.copy()?)?;
        Ok(dict)
    }

    fn http<'py>(&self, py: Python<'py>, scope: &HttpScope) -> PyResult<Bound<'py, PyDict>> {
        let dict = self.http.dict(py)?;
        if scope.http_version() != "1.1" {
            dict.set_item(intern!(py, "http_version"), version(py, scope.http_version()))?;
        }
        if scope.method() != http::Method::GET {
            dict.set_item(intern!(py, "method"), method(py, scope.method()))?;
        }
        if scope.scheme() != "http" {
            dict.set_item(intern!(py, "scheme"), scheme(py, scope.scheme()))?;
        }
        set_target(
            &dict,
            &scope.path(),
            scope.raw_path(),
            scope.query_string(),
            &scope.root_path,
        )?;
        let fields = scope.parts.headers.iter();
        let fields = fields.map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()));
        dict.set_item(intern!(py, "headers"), self.pairs.list(py, fields)?)?;
        self.ends
            .set(&dict, scope.client.as_ref(), scope.server.as_ref())?;
        let extensions = self.extensions.dict(py, scope.supported, scope.tls.as_deref())?;
        dict.set_item(intern!(py, "extensions"), extensions)?;
        Ok(dict)
    }

    fn websocket<'py>(&self, py: Python<'py>, scope: &WebSocketScope) -> PyResult<Bound<'py, PyDict>> {
        let dict = self.websocket.dict(py)?;
        if scope.http_version() != "1.1" {
            dict.set_item(intern!(py, "http_version"), version(py, scope.http_version()))?;
        }
        if scope.scheme() != "ws" {
            dict.set_item(intern!(py, "scheme"), scheme(py, scope.scheme()))?;
        }
        set_target(
            &dict,
            scope.path(),
            scope.raw_path(),
            scope.query_string(),
            &scope.root_path,
        )?;
        dict.set_item(
            intern!(py, "headers"),
            self.pairs.list(py, scope.headers().iter())?,
        )?;
        self.ends
            .set(&dict, scope.client.as_ref(), scope.server.as_ref())?;
        let subprotocols = PyList::new(py, scope.subprotocols().iter().map(|name| &**name))?;
        dict.set_item(intern!(py, "subprotocols"), subprotocols)?;
        let extensions = self.extensions.dict(py, scope.supported, scope.tls.as_deref())?;
        dict.set_item(intern!(py, "extensions"), extensions)?;
        Ok(dict)
    }
}

fn asgi<'py>(py: Python<'py>, spec_version: &str) -> PyResult<Bound<'py, PyDict>> {
    let asgi = PyDict::new(py);
    asgi.set_item(intern!(py, "version"), intern!(py, ASGI_VERSION))?;
    asgi.set_item(intern!(py, "spec_version"), PyString::intern(py, spec_version))?;
    Ok(asgi)
}

fn set_target(
    dict: &Bound<'_, PyDict>,
    path: &str,
    raw_path: &[u8],
    query_string: &[u8],
    root_path: &str,
) -> PyResult<()> {
    let py = dict.py();
    dict.set_item(intern!(py, "path"), path)?;
    dict.set_item(intern!(py, "raw_path"), PyBytes::new(py, raw_path))?;
    if !query_string.is_empty() {
        dict.set_item(intern!(py, "query_string"), PyBytes::new(py, query_string))?;
    }
    if !root_path.is_empty() {
        dict.set_item(intern!(py, "root_path"), root_path)?;
    }
    Ok(())
}
