//! The fields of a message.

use std::fs::File;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use laureola_message::Str;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyString};

use crate::errors::value;

/// A message; a field that is `None` counts as missing.
pub(super) struct Fields<'a, 'py>(pub(super) &'a Bound<'py, PyDict>);

impl<'py> Fields<'_, 'py> {
    pub(super) fn get(&self, name: &Bound<'py, PyString>) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.0.get_item(name)?.filter(|value| !value.is_none()))
    }

    fn named(&self, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.get(&PyString::intern(self.0.py(), name))
    }

    pub(super) fn flag(&self, name: &Bound<'py, PyString>) -> PyResult<bool> {
        self.get(name)?.map_or(Ok(false), |flag| flag.is_truthy())
    }

    pub(super) fn status(&self) -> PyResult<StatusCode> {
        let status = self.get(intern!(self.0.py(), "status"))?;
        let status =
            status.ok_or_else(|| value("Specifying a status code is required for a Response message."))?;
        let number: Option<u16> = status.extract().ok();
        let code = number.and_then(|number| StatusCode::from_u16(number).ok());
        code.ok_or_else(|| value(format!("{status} is no status code: it must be from 100 to 999")))
    }

    pub(super) fn body(&self) -> PyResult<Bytes> {
        match self.get(intern!(self.0.py(), "body"))? {
            Some(body) => bytes(&body, "body"),
            None => Ok(Bytes::new()),
        }
    }

    pub(super) fn number<T>(&self, name: &str) -> PyResult<Option<T>>
    where
        T: for<'a> FromPyObject<'a, 'py>,
    {
        let Some(number) = self.named(name)? else {
            return Ok(None);
        };
        let extracted = number.extract().ok();
        let extracted = extracted.ok_or_else(|| {
            value(format!(
                "{name} must be a whole number in its range, not {number}"
            ))
        })?;
        Ok(Some(extracted))
    }

    pub(super) fn text(&self, name: &str) -> PyResult<Option<String>> {
        let Some(text) = self.named(name)? else {
            return Ok(None);
        };
        let text = text
            .cast::<PyString>()
            .map_err(|_| value(format!("{name} must be str, not {}", type_of(&text))))?;
        Ok(Some(text.to_str()?.to_owned()))
    }

    pub(super) fn needed_text(&self, name: &str) -> PyResult<String> {
        self.text(name)?
            .ok_or_else(|| value(format!("{name} is missing")))
    }

    pub(super) fn str(&self, name: &str) -> PyResult<Str> {
        Ok(self.text(name)?.map_or_else(Str::default, Str::from))
    }

    pub(super) fn path(&self, name: &str) -> PyResult<PathBuf> {
        let path = self
            .named(name)?
            .ok_or_else(|| value(format!("{name} is missing")))?;
        path.extract()
            .map_err(|_| value(format!("{name} must be a path, not {}", type_of(&path))))
    }

    /// An open file, by a descriptor of our own: the application may close its own at any time.
    pub(super) fn file(&self, name: &str) -> PyResult<Arc<File>> {
        let file = self
            .named(name)?
            .ok_or_else(|| value(format!("{name} is missing")))?;
        let number: i32 = match file.extract() {
            Ok(number) => number,
            Err(_) => file
                .call_method0("fileno")
                .and_then(|number| number.extract())
                .map_err(|_| value(format!("{name} must be an open file, not {}", type_of(&file))))?,
        };
        if number < 0 {
            return Err(value(format!("{name} is closed")));
        }
        // SAFETY: the descriptor is the application's, which passed it to be used in this very call, and is copied here
        // at once. One that is not open makes the copy fail.
        #[expect(unsafe_code, reason = "a descriptor comes from Python as a number")]
        let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
        let own = borrowed.try_clone_to_owned()?;
        Ok(Arc::new(File::from(own)))
    }
}

/// The bytes of a `bytes`, or of what else has a buffer.
pub(super) fn bytes(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Bytes> {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(Bytes::copy_from_slice(bytes.as_bytes()));
    }
    if let Ok(bytes) = object.cast::<PyByteArray>() {
        return Ok(Bytes::from(bytes.to_vec()));
    }
    // memoryview has this method, and so has array.
    let copy = object.call_method0("tobytes").ok();
    let copy = copy.and_then(|copy| copy.cast_into::<PyBytes>().ok());
    match copy {
        Some(copy) => Ok(Bytes::copy_from_slice(copy.as_bytes())),
        None => Err(value(format!("{name} must be bytes, not {}", type_of(object)))),
    }
}

/// The name of an object's type, for an error.
pub(crate) fn type_of(object: &Bound<'_, PyAny>) -> String {
    let name = object.get_type().name();
    name.map_or_else(|_| "another type".to_owned(), |name| name.to_string())
}
