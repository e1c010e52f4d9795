//! The pairs of a scope's headers.

use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};

/// Longer values, and those of [`SECRETS`], are not kept.
const LONGEST: usize = 256;
/// So many are kept at most.
const KEPT: usize = 32;
const SECRETS: [&[u8]; 3] = [b"authorization", b"cookie", b"proxy-authorization"];

/// The pairs of the last request, each at its place. Clients repeat themselves and each other, and neither a pair nor what
/// is in it can be changed: it serves for the next request, too.
#[derive(Default)]
pub(super) struct Pairs(Mutex<Vec<Option<Pair>>>);

struct Pair {
    both: Py<PyTuple>,
    name: Py<PyBytes>,
    value: Py<PyBytes>,
}

impl Pairs {
    /// A new list of pairs.
    pub(super) fn list<'py, 'a>(
        &self,
        py: Python<'py>,
        headers: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) -> PyResult<Bound<'py, PyList>> {
        // The lock is not held while Python makes anything.
        let mut kept = std::mem::take(&mut *self.0.lock());
        let list = PyList::empty(py);
        for (place, (name, value)) in headers.enumerate() {
            if place == kept.len() && place < KEPT {
                kept.push(None);
            }
            let mut slot = kept.get_mut(place);
            if let Some(Some(pair)) = &slot
                && pair.value.as_bytes(py) == value
                && pair.name.as_bytes(py) == name
            {
                list.append(pair.both.bind(py))?;
                continue;
            }
            let pair = Pair::new(py, name, value)?;
            list.append(pair.both.bind(py))?;
            if let Some(slot) = &mut slot
                && value.len() <= LONGEST
                && !SECRETS.contains(&name)
            {
                **slot = Some(pair);
            }
        }
        *self.0.lock() = kept;
        Ok(list)
    }
}

impl Pair {
    fn new(py: Python<'_>, name: &[u8], value: &[u8]) -> PyResult<Self> {
        let (name, value) = (PyBytes::new(py, name), PyBytes::new(py, value));
        let both = PyTuple::new(py, [&name, &value])?;
        Ok(Self {
            both: both.unbind(),
            name: name.unbind(),
            value: value.unbind(),
        })
    }
}
