//! ASGI's extensions over HTTP/2, and responses that go wrong.

use std::future::poll_fn;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use laureola_asgi::{AppError, Application, Command, Connection, Scope, Supported, app_fn};

use super::client::{Client, get, post, run, whole};
use super::raw::{END_HEADERS, END_STREAM, HEADERS, Raw};
use crate::support::{Running, Seen, echo, respond};

fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
    all.iter()
        .map(|(name, value)| {
            let value = HeaderValue::from_static(value);
            (http::HeaderName::from_static(name), value)
        })
        .collect()
}

fn part(body: &'static str, more_body: bool) -> Command {
    let body = Bytes::from_static(body.as_bytes());
    Command::HttpResponseBody { body, more_body }
}

/// What each path does is its name.
fn extended() -> impl Application {
    app_fn(|connection: Connection| async move {
        let path = connection.scope.path().into_owned();
        match &*path {
            "/hint" => hint(connection).await,
            "/trailers" => trailers(connection).await,
            "/push" => push(connection).await,
            "/fail" => {
                let start = Command::start(StatusCode::OK, HeaderMap::new());
                connection.send.send(start).await?;
                connection.send.send(part("half", true)).await?;
                Err(std::io::Error::other("it fails").into())
            }
            "/short" | "/long" => {
                let length = if path == "/short" { "9" } else { "3" };
                let headers = headers(&[("content-length", length)]);
                connection
                    .send
                    .send(Command::start(StatusCode::OK, headers))
                    .await?;
                connection.send.send(part("12", true)).await?;
                connection.send.send(part("34", false)).await?;
                Ok(())
            }
            "/204" | "/304" => {
                let status = path[1..].parse()?;
                let headers = headers(&[("connection", "close"), ("keep-alive", "1")]);
                connection.send.send(Command::start(status, headers)).await?;
                connection.send.send(part("not sent", false)).await?;
                Ok(())
            }
            _ => respond(&connection.send, StatusCode::OK, path).await,
        }
    })
}

async fn hint(connection: Connection) -> Result<(), AppError> {
    for link in ["</a.css>; rel=preload", "</b.css>; rel=preload"] {
        let links = vec![HeaderValue::from_static(link)];
        connection
            .send
            .send(Command::HttpResponseEarlyHint { links })
            .await?;
    }
    respond(&connection.send, StatusCode::OK, "hinted").await
}

async fn trailers(connection: Connection) -> Result<(), AppError> {
    let send = &connection.send;
    send.send(Command::HttpResponseStart {
        status: StatusCode::OK,
        headers: headers(&[("trailer", "x-sum")]),
        trailers: true,
    })
    .await?;
    send.send(part("body", false)).await?;
    send.send(Command::HttpResponseTrailers {
        headers: headers(&[("x-sum", "42")]),
        more_trailers: false,
    })
    .await?;
    Ok(())
}

async fn push(connection: Connection) -> Result<(), AppError> {
    let send = &connection.send;
    let Scope::Http(scope) = &connection.scope else {
        return Ok(());
    };
    if !scope.supported.contains(Supported::PUSH) {
        return respond(send, StatusCode::OK, "no pushes").await;
    }
    send.send(Command::start(StatusCode::OK, HeaderMap::new()))
        .await?;
    send.send(part("begun", true)).await?;
    send.send(Command::HttpResponsePush {
        path: "/pushed?x=1".into(),
        headers: headers(&[("accept", "*/*")]),
    })
    .await?;
    send.send(part(" and ended", false)).await?;
    Ok(())
}

#[test]
fn early_hints_come_before_the_response() {
    let server = Running::start(extended());
    run(async {
        let mut client = Client::connect(server.port).await;
        let (mut response, _) = client.send(get("/hint"), true);
        for link in ["</a.css>; rel=preload", "</b.css>; rel=preload"] {
            let interim = poll_fn(|cx| response.poll_informational(cx)).await;
            let interim = interim.unwrap().unwrap();
            assert_eq!(interim.status(), StatusCode::EARLY_HINTS);
            assert_eq!(interim.headers()["link"], link);
        }
        let response = whole(response.await.unwrap()).await.unwrap();
        assert_eq!(response.body(), "hinted");
    });
}

#[test]
fn trailers_come_behind_the_body() {
    let server = Running::start(extended());
    run(async {
        let mut client = Client::connect(server.port).await;
        let (response, _) = client.send(get("/trailers"), true);
        let mut body = response.await.unwrap().into_body();
        assert_eq!(body.data().await.unwrap().unwrap(), "body");
        assert!(body.data().await.is_none());
        let trailers = body.trailers().await.unwrap().unwrap();
        assert_eq!(trailers["x-sum"], "42");
    });
}

#[test]
fn a_promise_is_kept_where_the_client_takes_it() {
    let server = Running::start(extended());
    run(async {
        let mut client = Client::connect(server.port).await;
        let (mut response, _) = client.send(get("/push"), true);
        let mut promises = response.push_promises();
        let (promised, pushed) = promises.push_promise().await.unwrap().unwrap().into_parts();
        assert_eq!(promised.uri(), "http://localhost/pushed?x=1");
        assert_eq!(promised.headers()["accept"], "*/*");
        let pushed = whole(pushed.await.unwrap()).await.unwrap();
        assert_eq!(pushed.body(), "/pushed");
        let response = whole(response.await.unwrap()).await.unwrap();
        assert_eq!(response.body(), "begun and ended");
    });
    run(async {
        let mut builder = h2::client::Builder::new();
        let mut client = Client::with(server.port, builder.enable_push(false)).await;
        assert_eq!(client.get("/push").await.body(), "no pushes");
    });
}

#[test]
fn a_client_that_waits_for_100_gets_it_once_the_application_reads() {
    let server = Running::start(echo(Seen::default()));
    run(async {
        let mut client = Client::connect(server.port).await;
        let mut request = post("/");
        let expect = HeaderValue::from_static("100-Continue");
        request.headers_mut().insert("expect", expect);
        let (mut response, mut body) = client.send(request, false);
        let interim = poll_fn(|cx| response.poll_informational(cx)).await;
        assert_eq!(interim.unwrap().unwrap().status(), StatusCode::CONTINUE);
        body.send_data("late".into(), true).unwrap();
        let response = whole(response.await.unwrap()).await.unwrap();
        assert!(response.body().ends_with("late"));
    });
}

#[test]
fn a_response_that_breaks_off_resets_its_stream_alone() {
    let server = Running::start(extended());
    run(async {
        let mut client = Client::connect(server.port).await;
        for path in ["/fail", "/short", "/long"] {
            let (response, _) = client.send(get(path), true);
            let failed = match response.await {
                Ok(response) => whole(response).await.map(|_| ()),
                Err(error) => Err(error),
            };
            let error = failed.unwrap_err();
            assert_eq!(error.reason(), Some(h2::Reason::INTERNAL_ERROR), "{path}");
        }
        assert_eq!(client.get("/next").await.body(), "/next");
    });
}

#[test]
fn responses_without_a_body_end_with_their_head() {
    let server = Running::start(extended());
    let mut client = Raw::connect(server.port);
    for (stream, path) in [(1, "/204"), (3, "/304")] {
        client.send(HEADERS, END_HEADERS | END_STREAM, stream, &super::raw::get(path));
        let head = client.receive_kind(HEADERS);
        assert_eq!((head.stream, head.status()), (stream, path[1..].parse().unwrap()));
        assert_eq!(head.flags & END_STREAM, END_STREAM);
    }
    run(async {
        let mut client = Client::connect(server.port).await;
        let response = client.get("/204").await;
        assert!(!response.headers().contains_key("connection"));
        assert!(!response.headers().contains_key("keep-alive"));
        let request = Request::head("http://localhost/x").body(()).unwrap();
        let (response, _) = client.send(request, true);
        assert!(response.await.unwrap().body().is_end_stream());
    });
}
