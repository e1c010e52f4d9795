//! Hello and echo without a consumer: what `raw.py` does for the Python servers.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use laureola::AppError;
use laureola::asgi::{Command, Connection, Event};

/// Answers every request with a short text.
pub(crate) async fn hello(connection: Connection) -> Result<(), AppError> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("13"));
    connection
        .send
        .send(Command::start(StatusCode::OK, headers))
        .await?;
    let body = Command::HttpResponseBody {
        body: "Hello, world!".into(),
        more_body: false,
    };
    Ok(connection.send.send(body).await?)
}

/// Sends every message back.
pub(crate) async fn echo(mut connection: Connection) -> Result<(), AppError> {
    loop {
        match connection.receive.next().await {
            Event::WebSocketConnect => connection.send.send(Command::accept()).await?,
            Event::WebSocketReceive(payload) => {
                connection.send.send(Command::WebSocketSend(payload)).await?;
            }
            _ => return Ok(()),
        }
    }
}
