//! A message as a Python dict.

use std::sync::Arc;

use laureola_message::{Delivery, Value};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

/// A message up to this size is kept for the next member of its group, in bytes.
const KEPT: usize = 4096;

/// The message decoded last, for a group whose members are all on one event loop: what is in it need
/// not be made again for each.
#[derive(Debug)]
pub(super) struct Last {
    delivery: Arc<Delivery>,
    dict: Py<PyDict>,
}

impl Last {
    /// A dict of this delivery's message that nobody else has, and what to keep for the next.
    pub(super) fn dict<'py>(
        last: Option<Self>,
        py: Python<'py>,
        delivery: &Arc<Delivery>,
    ) -> PyResult<(Bound<'py, PyDict>, Option<Self>)> {
        if let Some(last) = last
            && Arc::ptr_eq(&last.delivery, delivery)
        {
            let copy = last.dict.bind(py).copy()?;
            return Ok((copy, Some(last)));
        }
        let Value::Map(pairs) = delivery.message().value() else {
            unreachable!("a message is a map");
        };
        let dict = dict(py, &pairs)?;
        // A copy shares what is inside; only what cannot be changed may be shared.
        let flat = pairs
            .iter()
            .all(|(_, value)| !matches!(value, Value::Array(_) | Value::Map(_)));
        if !flat || delivery.message().msgpack().len() > KEPT {
            return Ok((dict, None));
        }
        let kept = Self {
            delivery: Arc::clone(delivery),
            dict: dict.clone().unbind(),
        };
        Ok((dict.copy()?, Some(kept)))
    }
}

fn dict<'py>(py: Python<'py>, pairs: &[(Value, Value)]) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (key, item) in pairs {
        let item = value(py, item)?;
        match key {
            // The same few keys come with every message.
            Value::Str(text) => dict.set_item(PyString::intern(py, text), item)?,
            other => dict.set_item(value(py, other)?, item)?,
        }
    }
    Ok(dict)
}

fn value<'py>(py: Python<'py>, from: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match from {
        Value::Nil => py.None().into_bound(py),
        Value::Bool(bool) => bool.into_pyobject(py)?.to_owned().into_any(),
        Value::Int(int) => int.into_pyobject(py)?.into_any(),
        Value::UInt(int) => int.into_pyobject(py)?.into_any(),
        Value::Float(float) => float.into_pyobject(py)?.into_any(),
        Value::Str(text) => PyString::new(py, text).into_any(),
        Value::Bin(bytes) => PyBytes::new(py, bytes).into_any(),
        Value::Array(items) => {
            let items: Vec<_> = items
                .iter()
                .map(|item| value(py, item))
                .collect::<PyResult<_>>()?;
            PyList::new(py, items)?.into_any()
        }
        Value::Map(pairs) => dict(py, pairs)?.into_any(),
        Value::Ext(code, data) => ext(py, *code, data)?,
    })
}

/// As `msgpack.unpackb` returns it. Where msgpack is not installed nobody here knows such a type.
#[cold]
fn ext<'py>(py: Python<'py>, code: i8, data: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    let msgpack = py.import("msgpack")?;
    let data = PyBytes::new(py, data);
    if code == -1 {
        return msgpack.getattr("Timestamp")?.call_method1("from_bytes", (data,));
    }
    msgpack.getattr("ExtType")?.call1((code, data))
}
