//! What HTTP requests get.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use laureola::AppError;
use laureola::asgi::{Command, Connection, Event, Scope, Sender};
use laureola::consumers::UrlArguments;
use serde_json::json;

use crate::scope;

pub(crate) async fn scope(connection: Connection) -> Result<(), AppError> {
    let Scope::Http(scope) = &connection.scope else {
        return Ok(());
    };
    let text = scope::of_http(scope).to_string();
    answer(&connection.send, "application/json", text).await
}

/// The first part leaves before the second one has come.
pub(crate) async fn echo(mut connection: Connection) -> Result<(), AppError> {
    start(&connection.send, "application/octet-stream", false).await?;
    while let Event::HttpRequest { body, more_body } = connection.receive.next().await {
        connection
            .send
            .send(Command::HttpResponseBody { body, more_body })
            .await?;
        if !more_body {
            break;
        }
    }
    Ok(())
}

pub(crate) async fn count(mut connection: Connection) -> Result<(), AppError> {
    let (mut bytes, mut parts) = (0, 0);
    while let Event::HttpRequest { body, more_body } = connection.receive.next().await {
        bytes += body.len();
        parts += 1;
        if !more_body {
            let text = json!({ "bytes": bytes, "parts": parts }).to_string();
            return answer(&connection.send, "application/json", text).await;
        }
    }
    Ok(())
}

pub(crate) async fn parts(connection: Connection) -> Result<(), AppError> {
    let count: u32 = connection.scope.url_argument("n").unwrap_or("0").parse()?;
    start(&connection.send, "application/octet-stream", false).await?;
    for _ in 0..count {
        let body = Bytes::from_static(&[b'.'; 1024]);
        let more_body = true;
        connection
            .send
            .send(Command::HttpResponseBody { body, more_body })
            .await?;
    }
    end(&connection.send, "").await
}

pub(crate) async fn trailers(connection: Connection) -> Result<(), AppError> {
    start(&connection.send, "text/plain", true).await?;
    end(&connection.send, "body").await?;
    let mut headers = HeaderMap::new();
    headers.insert("x-sum", HeaderValue::from_static("42"));
    let more_trailers = false;
    let trailers = Command::HttpResponseTrailers {
        headers,
        more_trailers,
    };
    connection.send.send(trailers).await?;
    Ok(())
}

pub(crate) async fn hint(connection: Connection) -> Result<(), AppError> {
    let links = vec![HeaderValue::from_static("</style.css>; rel=preload; as=style")];
    connection
        .send
        .send(Command::HttpResponseEarlyHint { links })
        .await?;
    answer(
        &connection.send,
        "text/html",
        "<!doctype html><title>hint</title>",
    )
    .await
}

pub(crate) async fn page(connection: Connection) -> Result<(), AppError> {
    let text = "<!doctype html><meta charset=utf-8><link rel=icon href=data:,><title>mirror</title>";
    answer(&connection.send, "text/html; charset=utf-8", text).await
}

async fn answer(send: &Sender, kind: &'static str, text: impl Into<Bytes>) -> Result<(), AppError> {
    start(send, kind, false).await?;
    end(send, text).await
}

async fn start(send: &Sender, kind: &'static str, trailers: bool) -> Result<(), AppError> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if trailers {
        headers.insert(header::TRAILER, HeaderValue::from_static("x-sum"));
    }
    let status = StatusCode::OK;
    let start = Command::HttpResponseStart {
        status,
        headers,
        trailers,
    };
    send.send(start).await?;
    Ok(())
}

async fn end(send: &Sender, text: impl Into<Bytes>) -> Result<(), AppError> {
    let (body, more_body) = (text.into(), false);
    send.send(Command::HttpResponseBody { body, more_body }).await?;
    Ok(())
}
