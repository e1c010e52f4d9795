//! A Python dict as a message, in the bytes `msgpack.packb` writes.

use std::fmt::Write as _;

use bytes::Bytes;
use laureola_message::Message;
use laureola_message::msgpack::MAX_DEPTH;
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMemoryView, PyString, PyTuple,
};
use rmp::encode as rmp;

use super::error;

/// What the layer's `serializer_format` can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Whatever msgpack can; keys are str, and inside of the message also bytes.
    Msgpack,
    /// No bytes; keys that `json.dumps` would write as text become text.
    Json,
}

/// What a layer carries, for those who tried something else.
const CARRIED: &str = "a channel layer carries None, bool, int, float, str, bytes, list, tuple and dict";

/// The message a dict makes.
///
/// Taken is what channels_redis's serializer takes: also subclasses of the types above (an `IntEnum`,
/// Django's `SafeString`), `bytearray`, `memoryview`, and msgpack's `ExtType` and `Timestamp`. The error
/// for anything else names the key it stands under.
pub(super) fn message(dict: &Bound<'_, PyDict>, format: Format) -> PyResult<Message> {
    let msgpack = map(dict, format, "message")?;
    Message::from_msgpack(Bytes::from(msgpack)).map_err(|error| error::message(&error))
}

/// The bytes of a dict with text keys; errors begin with `name`.
pub(super) fn map(dict: &Bound<'_, PyDict>, format: Format, name: &str) -> PyResult<Vec<u8>> {
    let mut encoder = Encoder {
        out: Vec::with_capacity(128),
        format,
    };
    encoder
        .map(dict, MAX_DEPTH, true)
        .map_err(|refused| refused.into_error(name))?;
    Ok(encoder.out)
}

/// Why a value cannot be sent, and where it stands.
struct Refused {
    kind: fn(String) -> PyErr,
    reason: String,
    /// The innermost key first.
    path: Vec<String>,
}

impl Refused {
    fn kind(reason: impl Into<String>) -> Box<Self> {
        Self::new(PyTypeError::new_err, reason)
    }

    fn value(reason: impl Into<String>) -> Box<Self> {
        Self::new(PyValueError::new_err, reason)
    }

    fn new(kind: fn(String) -> PyErr, reason: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            kind,
            reason: reason.into(),
            path: Vec::new(),
        })
    }

    fn under(mut self: Box<Self>, key: impl FnOnce() -> String) -> Box<Self> {
        self.path.push(key());
        self
    }

    fn into_error(self, name: &str) -> PyErr {
        let mut text = name.to_owned();
        for key in self.path.iter().rev() {
            let _ = write!(text, "[{key}]");
        }
        text.push_str(": ");
        text.push_str(&self.reason);
        (self.kind)(text)
    }
}

impl From<PyErr> for Box<Refused> {
    fn from(error: PyErr) -> Self {
        Refused::value(error.to_string())
    }
}

type Encoded = Result<(), Box<Refused>>;

struct Encoder {
    out: Vec<u8>,
    format: Format,
}

impl Encoder {
    fn value(&mut self, value: &Bound<'_, PyAny>, depth: usize) -> Encoded {
        if value.is_none() {
            wrote(rmp::write_nil(&mut self.out));
        } else if let Ok(text) = value.cast::<PyString>() {
            self.text(text)?;
        } else if let Ok(value) = value.cast_exact::<PyBool>() {
            wrote(rmp::write_bool(&mut self.out, value.is_true()));
        } else if let Ok(int) = value.cast::<PyInt>() {
            self.int(int)?;
        } else if let Ok(float) = value.cast::<PyFloat>() {
            wrote(rmp::write_f64(&mut self.out, float.value()));
        } else if let Ok(dict) = value.cast::<PyDict>() {
            self.map(dict, depth, false)?;
        } else if let Ok(list) = value.cast::<PyList>() {
            self.array(list.len(), list.iter(), depth)?;
        } else if let Ok(tuple) = value.cast_exact::<PyTuple>() {
            self.array(tuple.len(), tuple.iter(), depth)?;
        } else if let Ok(bytes) = value.cast::<PyBytes>() {
            self.bytes(bytes.as_bytes())?;
        } else {
            self.rare(value, depth)?;
        }
        Ok(())
    }

    /// Kept out of the way of what messages are made of.
    #[cold]
    fn rare(&mut self, value: &Bound<'_, PyAny>, depth: usize) -> Encoded {
        let class = value.get_type();
        let name = class.name()?;
        let is_of_msgpack = class.module().is_ok_and(|module| {
            module
                .to_str()
                .is_ok_and(|module| module == "msgpack" || module.starts_with("msgpack."))
        });
        if is_of_msgpack && name == "ExtType" {
            let (code, data): (i8, Vec<u8>) = value.extract()?;
            self.ext(code, &data)
        } else if is_of_msgpack && name == "Timestamp" {
            let data: Vec<u8> = value.call_method0("to_bytes")?.extract()?;
            self.ext(-1, &data)
        } else if let Ok(tuple) = value.cast::<PyTuple>() {
            self.array(tuple.len(), tuple.iter(), depth)
        } else if let Ok(bytes) = value.cast::<PyByteArray>() {
            self.bytes(&bytes.to_vec())
        } else if let Ok(view) = value.cast::<PyMemoryView>() {
            let bytes = view.call_method0("tobytes")?;
            self.bytes(bytes.cast::<PyBytes>().map_err(PyErr::from)?.as_bytes())
        } else {
            let name = class.fully_qualified_name()?;
            Err(Refused::kind(format!("{name} cannot be sent; {CARRIED}")))
        }
    }

    fn text(&mut self, text: &Bound<'_, PyString>) -> Encoded {
        // A lone surrogate is no Unicode text, and no UTF-8.
        let text = text.to_str()?;
        let len = length(text.len(), "str")?;
        wrote(rmp::write_str_len(&mut self.out, len));
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn int(&mut self, int: &Bound<'_, PyInt>) -> Encoded {
        if let Ok(int) = int.extract::<i64>() {
            wrote(rmp::write_sint(&mut self.out, int));
        } else if let Ok(int) = int.extract::<u64>() {
            wrote(rmp::write_uint(&mut self.out, int));
        } else {
            let reason = "an int beyond 64 bits cannot be sent";
            return Err(Refused::new(PyOverflowError::new_err, reason));
        }
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Encoded {
        if self.format == Format::Json {
            let reason = "bytes cannot be sent as JSON; use serializer_format \"msgpack\"";
            return Err(Refused::kind(reason));
        }
        let len = length(bytes.len(), "bytes")?;
        wrote(rmp::write_bin_len(&mut self.out, len));
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn ext(&mut self, code: i8, data: &[u8]) -> Encoded {
        if self.format == Format::Json {
            let reason = "an ExtType cannot be sent as JSON; use serializer_format \"msgpack\"";
            return Err(Refused::kind(reason));
        }
        let len = length(data.len(), "ExtType")?;
        wrote(rmp::write_ext_meta(&mut self.out, len, code));
        self.out.extend_from_slice(data);
        Ok(())
    }

    fn array<'py>(
        &mut self,
        len: usize,
        items: impl Iterator<Item = Bound<'py, PyAny>>,
        depth: usize,
    ) -> Encoded {
        let depth = descend(depth)?;
        wrote(rmp::write_array_len(&mut self.out, length(len, "list")?));
        // Exactly as many as were announced, even if somebody shortens the list meanwhile.
        let mut written = 0;
        for (index, item) in items.take(len).enumerate() {
            self.value(&item, depth)
                .map_err(|refused| refused.under(|| index.to_string()))?;
            written += 1;
        }
        if written == len { Ok(()) } else { Err(changed()) }
    }

    fn map(&mut self, dict: &Bound<'_, PyDict>, depth: usize, top: bool) -> Encoded {
        let depth = descend(depth)?;
        let len = dict.len();
        wrote(rmp::write_map_len(&mut self.out, length(len, "dict")?));
        if dict.is_exact_instance_of::<PyDict>() {
            for (key, value) in dict.iter() {
                self.pair(&key, &value, depth, top)?;
            }
            return Ok(());
        }
        // An OrderedDict has an order of its own.
        let mut written = 0;
        for pair in dict.call_method0("items")?.try_iter()? {
            let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair?.extract()?;
            self.pair(&key, &value, depth, top)?;
            written += 1;
        }
        if written == len { Ok(()) } else { Err(changed()) }
    }

    fn pair(&mut self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>, depth: usize, top: bool) -> Encoded {
        if let Ok(text) = key.cast::<PyString>() {
            self.text(text)?;
        } else if self.format == Format::Json {
            self.text(&json_key(key)?)?;
        } else if let (Ok(bytes), false) = (key.cast::<PyBytes>(), top) {
            self.bytes(bytes.as_bytes())?;
        } else {
            let allowed = if top { "str" } else { "str or bytes" };
            let reason = format!("its keys must be {allowed}, and {} is not", shown(key));
            return Err(Refused::kind(reason));
        }
        self.value(value, depth)
            .map_err(|refused| refused.under(|| shown(key)))
    }
}

/// What `json.dumps` makes of a key that is no text.
fn json_key<'py>(key: &Bound<'py, PyAny>) -> Result<Bound<'py, PyString>, Box<Refused>> {
    let py = key.py();
    if key.is_none() {
        Ok(PyString::new(py, "null"))
    } else if let Ok(value) = key.cast_exact::<PyBool>() {
        Ok(PyString::new(py, if value.is_true() { "true" } else { "false" }))
    } else if let Ok(int) = key.cast::<PyInt>() {
        // Not an enum's own text.
        Ok(py.get_type::<PyInt>().call_method1("__repr__", (int,))?.str()?)
    } else if key.is_instance_of::<PyFloat>() {
        Ok(py.get_type::<PyFloat>().call_method1("__repr__", (key,))?.str()?)
    } else {
        let reason = format!(
            "its keys must be str, int, float, bool or None, and {} is not",
            shown(key)
        );
        Err(Refused::kind(reason))
    }
}

fn shown(key: &Bound<'_, PyAny>) -> String {
    key.repr()
        .map_or_else(|_| "?".to_owned(), |shown| shown.to_string_lossy().into_owned())
}

fn descend(depth: usize) -> Result<usize, Box<Refused>> {
    let too_deep = || Refused::value(format!("dicts and lists are nested more than {MAX_DEPTH} deep"));
    depth.checked_sub(1).ok_or_else(too_deep)
}

fn length(len: usize, kind: &str) -> Result<u32, Box<Refused>> {
    u32::try_from(len).map_err(|_| Refused::value(format!("a {kind} of {len} bytes or items is too long")))
}

#[cold]
fn changed() -> Box<Refused> {
    Refused::new(
        pyo3::exceptions::PyRuntimeError::new_err,
        "it changed size while it was read",
    )
}

/// `rmp` writes to anything and so returns a result; ours is always memory.
fn wrote<T, E: std::fmt::Debug>(result: Result<T, E>) {
    result.expect("a Vec takes every write");
}
