//! The headers of a message.

use http::{HeaderMap, HeaderName, HeaderValue};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use super::field::Fields;
use crate::errors::value;

impl Fields<'_, '_> {
    /// `headers`: an iterable of pairs, or a dictionary. None where it is missing.
    pub(super) fn headers(&self) -> PyResult<HeaderMap> {
        let Some(headers) = self.get(intern!(self.0.py(), "headers"))? else {
            return Ok(HeaderMap::new());
        };
        let headers = match headers.cast::<PyDict>() {
            Ok(dict) => dict.items().into_any(),
            Err(_) => headers,
        };
        let mut map = HeaderMap::with_capacity(headers.len().unwrap_or(0));
        for pair in headers.try_iter()? {
            let (name, content) = halves(&pair?)?;
            let name = name_of(&name)?;
            let content = value_of(&content)?;
            let room = map.try_append(name, content);
            room.map_err(|_| value("there are too many headers"))?;
        }
        Ok(map)
    }

    /// `links` of an early hint.
    pub(super) fn links(&self) -> PyResult<Vec<HeaderValue>> {
        let Some(links) = self.get(intern!(self.0.py(), "links"))? else {
            return Ok(Vec::new());
        };
        links.try_iter()?.map(|link| value_of(&link?)).collect()
    }
}

/// A pair: a tuple, a list, or anything else with two items.
fn halves<'py>(pair: &Bound<'py, PyAny>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    if let Ok(pair) = pair.cast::<PyTuple>()
        && pair.len() == 2
    {
        return Ok((pair.get_item(0)?, pair.get_item(1)?));
    }
    let mut items = pair.try_iter()?;
    match (items.next(), items.next(), items.next()) {
        (Some(name), Some(content), None) => Ok((name?, content?)),
        _ => Err(value("a header is a pair of a name and a value")),
    }
}

fn name_of(name: &Bound<'_, PyAny>) -> PyResult<HeaderName> {
    let bytes = bytes_of(name, "name")?;
    HeaderName::from_bytes(bytes.as_bytes()).map_err(|_| {
        value(format!(
            "{} is no name of a header",
            name.repr()
                .map_or_else(|_| String::new(), |repr| repr.to_string())
        ))
    })
}

fn value_of(content: &Bound<'_, PyAny>) -> PyResult<HeaderValue> {
    let bytes = bytes_of(content, "value")?;
    HeaderValue::from_bytes(bytes.as_bytes().trim_ascii())
        .map_err(|_| value("a header's value has a line break or another control character"))
}

fn bytes_of<'a, 'py>(object: &'a Bound<'py, PyAny>, what: &str) -> PyResult<&'a Bound<'py, PyBytes>> {
    object.cast::<PyBytes>().map_err(|_| {
        value(format!(
            "Header {what} '{object}' expected to be `bytes`, but got `{}`",
            object.get_type()
        ))
    })
}
