//! Texts there is one of, where they are one of the usual ones.

use http::Method;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;

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
