//! Events as ASGI's dictionaries.

use laureola_asgi::{Event, Payload};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

/// The dictionary of an event; of none, which is what a call has that is over, the disconnect of a request.
pub(crate) fn dict(py: Python<'_>, event: Option<Event>) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    let kind = intern!(py, "type");
    match event.unwrap_or(Event::HttpDisconnect) {
        Event::HttpRequest { body, more_body } => {
            dict.set_item(kind, intern!(py, "http.request"))?;
            dict.set_item(intern!(py, "body"), PyBytes::new(py, &body))?;
            dict.set_item(intern!(py, "more_body"), more_body)?;
        }
        Event::HttpDisconnect => dict.set_item(kind, intern!(py, "http.disconnect"))?,
        Event::WebSocketConnect => dict.set_item(kind, intern!(py, "websocket.connect"))?,
        Event::WebSocketReceive(payload) => {
            dict.set_item(kind, intern!(py, "websocket.receive"))?;
            match payload {
                Payload::Text(text) => dict.set_item(intern!(py, "text"), PyString::new(py, &text))?,
                Payload::Binary(bytes) => dict.set_item(intern!(py, "bytes"), PyBytes::new(py, &bytes))?,
                // Only towards a client.
                Payload::Frame(frame) => match frame.payload_str() {
                    Some(text) => dict.set_item(intern!(py, "text"), text)?,
                    None => dict.set_item(intern!(py, "bytes"), PyBytes::new(py, &frame.payload()))?,
                },
            }
        }
        Event::WebSocketDisconnect { code, reason } => {
            dict.set_item(kind, intern!(py, "websocket.disconnect"))?;
            dict.set_item(intern!(py, "code"), code)?;
            dict.set_item(intern!(py, "reason"), PyString::new(py, &reason))?;
        }
        Event::LifespanStartup => dict.set_item(kind, intern!(py, "lifespan.startup"))?,
        Event::LifespanShutdown => dict.set_item(kind, intern!(py, "lifespan.shutdown"))?,
        other => {
            return Err(crate::errors::value(format!(
                "an event of no known type: {other:?}"
            )));
        }
    }
    Ok(dict)
}
