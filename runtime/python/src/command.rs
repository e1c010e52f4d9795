//! ASGI's messages of `send` as commands.

mod field;
mod headers;

use laureola_asgi::{Command, Payload};
use laureola_message::{Str, Value};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};

use crate::errors::value;
use field::Fields;

/// The command of a message, a dictionary or any other mapping.
///
/// # Errors
/// `ValueError` with Daphne's text, where it has one.
pub(crate) fn of_message(message: &Bound<'_, PyAny>) -> PyResult<Command> {
    let py = message.py();
    let copy;
    let dict = match message.cast::<PyDict>() {
        Ok(dict) => dict,
        Err(_) => {
            let mapping = message.cast::<PyMapping>().map_err(|_| {
                value(format!(
                    "a message is a dictionary, not {}",
                    field::type_of(message)
                ))
            })?;
            copy = PyDict::new(py);
            copy.update(mapping)?;
            &copy
        }
    };
    let fields = Fields(dict);
    let kind = fields.get(intern!(py, "type"))?;
    let kind = kind.ok_or_else(|| value("Message has no type defined"))?;
    let kind = kind
        .cast::<PyString>()
        .map_err(|_| value(format!("Cannot handle message type {kind}!")))?;
    // The most frequent first.
    match kind.to_str()? {
        "websocket.send" => websocket_send(&fields).map(Command::WebSocketSend),
        "http.response.start" => Ok(Command::HttpResponseStart {
            status: fields.status()?,
            headers: fields.headers()?,
            trailers: fields.flag(intern!(py, "trailers"))?,
        }),
        "http.response.body" => Ok(Command::HttpResponseBody {
            body: fields.body()?,
            more_body: fields.flag(intern!(py, "more_body"))?,
        }),
        "websocket.accept" => Ok(Command::WebSocketAccept {
            subprotocol: fields.text("subprotocol")?.map(Into::into),
            headers: fields.headers()?,
        }),
        "websocket.close" => Ok(Command::WebSocketClose {
            code: fields.number("code")?.unwrap_or(1000),
            reason: fields.str("reason")?,
        }),
        "websocket.http.response.start" => Ok(Command::WebSocketHttpResponseStart {
            status: fields.status()?,
            headers: fields.headers()?,
        }),
        "websocket.http.response.body" => Ok(Command::WebSocketHttpResponseBody {
            body: fields.body()?,
            more_body: fields.flag(intern!(py, "more_body"))?,
        }),
        "http.response.pathsend" => Ok(Command::HttpResponsePathSend {
            path: fields.path("path")?,
        }),
        "http.response.zerocopysend" => Ok(Command::HttpResponseZeroCopySend {
            file: fields.file("file")?,
            offset: fields.number("offset")?,
            count: fields.number("count")?,
            more_body: fields.flag(intern!(py, "more_body"))?,
        }),
        "http.response.early_hint" => Ok(Command::HttpResponseEarlyHint {
            links: fields.links()?,
        }),
        "http.response.push" => Ok(Command::HttpResponsePush {
            path: fields.needed_text("path")?.into(),
            headers: fields.headers()?,
        }),
        "http.response.trailers" => Ok(Command::HttpResponseTrailers {
            headers: fields.headers()?,
            more_trailers: fields.flag(intern!(py, "more_trailers"))?,
        }),
        "http.response.debug" => {
            let info = fields.get(intern!(py, "info"))?;
            let info = info.map_or_else(String::new, |info| info.to_string());
            Ok(Command::HttpResponseDebug(Box::new(Value::Str(info.into()))))
        }
        "lifespan.startup.complete" => Ok(Command::LifespanStartupComplete),
        "lifespan.startup.failed" => Ok(Command::LifespanStartupFailed {
            message: fields.str("message")?,
        }),
        "lifespan.shutdown.complete" => Ok(Command::LifespanShutdownComplete),
        "lifespan.shutdown.failed" => Ok(Command::LifespanShutdownFailed {
            message: fields.str("message")?,
        }),
        other => Err(value(format!("Cannot handle message type {other}!"))),
    }
}

fn websocket_send(fields: &Fields<'_, '_>) -> PyResult<Payload> {
    let py = fields.0.py();
    if let Some(text) = fields.get(intern!(py, "text"))? {
        let text = text
            .cast::<PyString>()
            .map_err(|_| value(format!("text must be str, not {}", field::type_of(&text))))?;
        return Ok(Payload::Text(Str::from(text.to_str()?)));
    }
    match fields.get(intern!(py, "bytes"))? {
        Some(bytes) => field::bytes(&bytes, "bytes").map(Payload::Binary),
        None => Err(value("websocket.send needs text or bytes")),
    }
}
