//! Responses that do not fit HTTP: the next one on the connection must not suffer.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use laureola_asgi::exchange::Body;
use laureola_asgi::{Application, Command, Connection, SendError, Sender, app_fn};
use laureola_testkit::RawHttp;

use crate::support::{DEADLINE, Running, respond};

/// What every response's body would be.
const BODY: &str = "0123456789";

/// Answers `/parts/<status>/<content-length>` in two parts, and `/whole/<status>/<content-length>`
/// with a whole response; other paths, and errors from sending, with their text.
fn odd() -> impl Application {
    app_fn(|connection: Connection| async move {
        let path = connection.scope.path().into_owned();
        let send = &connection.send;
        let parts: Vec<_> = path.split('/').skip(1).collect();
        let [how, status, length] = parts[..] else {
            return respond(send, StatusCode::OK, path).await;
        };
        let status: StatusCode = status.parse()?;
        let mut headers = HeaderMap::new();
        if !length.is_empty() {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_str(length)?);
        }
        let sent = match how {
            "whole" => whole(send, status, headers).await,
            _ => in_parts(send, status, headers).await,
        };
        match sent {
            Err(SendError::Protocol(text)) => respond(send, StatusCode::OK, text.into_string()).await,
            other => Ok(other?),
        }
    })
}

async fn whole(send: &Sender, status: StatusCode, headers: HeaderMap) -> Result<(), SendError> {
    let mut response = Response::new(Body::new(Full::new(Bytes::from_static(BODY.as_bytes()))));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    send.send(Command::HttpResponse(Box::new(response))).await
}

async fn in_parts(send: &Sender, status: StatusCode, headers: HeaderMap) -> Result<(), SendError> {
    send.send(Command::start(status, headers)).await?;
    for (body, more_body) in [(&BODY[..5], true), (&BODY[5..], false)] {
        let body = Bytes::from_static(body.as_bytes());
        send.send(Command::HttpResponseBody { body, more_body }).await?;
    }
    Ok(())
}

/// Asks for `path`, and for another page on the same connection, which must come whole.
#[track_caller]
fn ask(server: &Running, path: &str) -> laureola_testkit::HttpResponse {
    let mut client = RawHttp::connect(server.port);
    client.write(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    let response = match path.split('/').nth(2) {
        Some("204" | "304") => client.read_head(DEADLINE),
        _ => client.read_response(DEADLINE),
    };
    client.write("GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
    let next = client.read_response(DEADLINE).expect("a second response");
    assert_eq!((next.status, &*next.text()), (200, "/next"), "after {path}");
    response.expect("a response")
}

#[test]
fn a_wrong_content_length_does_not_move_the_next_response() {
    let server = Running::start(odd());
    for path in ["/whole/200/5", "/whole/200/20", "/whole/200/10"] {
        let response = ask(&server, path);
        assert_eq!(response.header("content-length"), Some("10"), "{path}");
        assert_eq!(response.text(), BODY, "{path}");
    }
    // Of a streamed body only the start is known when the head leaves: it is cut off...
    assert_eq!(ask(&server, "/parts/200/5").text(), &BODY[..5]);
    // ...or the connection is, when too little came.
    let mut client = RawHttp::connect(server.port);
    client.write("GET /parts/200/20 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(client.read_to_end(DEADLINE).ends_with(BODY.as_bytes()));
}

#[test]
fn responses_without_a_body_have_none() {
    let server = Running::start(odd());
    for how in ["parts", "whole"] {
        for length in ["", "10"] {
            let response = ask(&server, &format!("/{how}/204/{length}"));
            assert_eq!(response.header("content-length"), None);
            assert_eq!(ask(&server, &format!("/{how}/304/{length}")).status, 304);
        }
    }
}

#[test]
fn an_interim_status_is_an_error_in_the_application() {
    let server = Running::start(odd());
    for path in ["/parts/101/", "/whole/101/", "/parts/100/", "/whole/103/"] {
        let text = ask(&server, path).text();
        assert!(
            text.ends_with("is no status of a response: it must be 200 or above"),
            "{text}"
        );
    }
}
