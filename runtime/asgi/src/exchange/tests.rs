use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};

use super::*;
use crate::event::Event;
use crate::send::SendError;

fn request(body: &'static str) -> Request<Full<Bytes>> {
    Request::post("/")
        .body(Full::new(Bytes::from(body)))
        .expect("a valid request")
}

fn start(status: u16) -> Command {
    let status = StatusCode::from_u16(status).expect("a valid status");
    Command::start(status, HeaderMap::new())
}

fn part(body: &'static str, more_body: bool) -> Command {
    Command::HttpResponseBody {
        body: Bytes::from_static(body.as_bytes()),
        more_body,
    }
}

async fn text(response: Response<Body>) -> String {
    let bytes = response
        .into_body()
        .collect()
        .await
        .expect("a whole body")
        .to_bytes();
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[tokio::test]
async fn a_body_arrives_and_a_response_leaves() {
    let (mut connection, response, outcome) = open(request("hello"));
    let application = tokio::spawn(async move {
        let Event::HttpRequest { body, more_body } = connection.receive.next().await else {
            panic!("no request")
        };
        assert_eq!((&body[..], more_body), (&b"hello"[..], false));
        connection.send.send(start(201)).await.expect("started");
        connection.send.send(part("a", true)).await.expect("first part");
        connection.send.send(part("b", false)).await.expect("last part");
        outcome.finish(&Ok(()));
        assert!(matches!(connection.receive.next().await, Event::HttpDisconnect));
    });
    let response = response.await;
    assert_eq!(response.status(), 201);
    assert_eq!(text(response).await, "ab");
    application.await.expect("the application ends");
}

#[tokio::test]
async fn commands_out_of_turn_are_refused_with_daphnes_texts() {
    let (connection, _response, _outcome) = open(request(""));
    let error = connection
        .send
        .send(part("a", true))
        .await
        .expect_err("a body before the start");
    assert_eq!(
        error.to_string(),
        "HTTP response has not yet been started but got http.response.body"
    );
    connection.send.send(start(200)).await.expect("started");
    let error = connection
        .send
        .send(start(200))
        .await
        .expect_err("a second start");
    assert_eq!(error.to_string(), "HTTP response has already been started");
    let error = connection
        .send
        .send(Command::accept())
        .await
        .expect_err("another protocol");
    assert_eq!(error.to_string(), "Cannot handle message type websocket.accept!");
    connection
        .send
        .send(part("", false))
        .await
        .expect("the last part");
    assert!(connection.send.send(part("more", false)).await.is_err());
}

#[tokio::test]
async fn an_application_that_fails_before_its_start_is_a_500_page() {
    let (_connection, response, outcome) = open(request(""));
    outcome.finish(&Err(AppError::msg("broken")));
    assert_eq!(response.await.status(), 500);

    let (connection, response, outcome) = open(request(""));
    connection.send.send(start(200)).await.expect("started");
    drop(outcome);
    assert_eq!(
        response.await.status(),
        500,
        "a start that was held back is not a response yet"
    );
}

#[tokio::test]
async fn an_application_that_fails_in_its_body_cuts_the_response_off() {
    let (connection, response, outcome) = open(request(""));
    connection.send.send(start(200)).await.expect("started");
    connection
        .send
        .send(part("half", true))
        .await
        .expect("first part");
    outcome.finish(&Ok(()));
    let response = response.await;
    assert_eq!(response.status(), 200);
    assert!(response.into_body().collect().await.is_err());
}

#[tokio::test]
async fn a_failure_after_an_empty_first_part_was_sent_is_cut_off_not_answered_twice() {
    let (connection, response, outcome) = open(request(""));
    connection.send.send(start(200)).await.expect("started");
    connection
        .send
        .send(part("", true))
        .await
        .expect("an empty first part");
    let response = response.await;
    outcome.finish(&Err(AppError::msg("broken")));
    assert_eq!(response.status(), 200);
    assert!(response.into_body().collect().await.is_err());
}

#[tokio::test]
async fn a_client_that_leaves_is_told_to_both_halves() {
    let (mut connection, response, _outcome) = open(request(""));
    assert!(matches!(
        connection.receive.next().await,
        Event::HttpRequest { .. }
    ));
    drop(response);
    assert!(matches!(connection.receive.next().await, Event::HttpDisconnect));
    let error = connection.send.send(start(200)).await.expect_err("nobody reads");
    assert!(matches!(error, SendError::Disconnected(_)));
}

#[tokio::test]
async fn a_slow_client_makes_send_wait() {
    let (connection, response, _outcome) = open(request(""));
    connection.send.send(start(200)).await.expect("started");
    let big = Bytes::from(vec![0; HIGH_WATER]);
    let command = |more_body| Command::HttpResponseBody {
        body: big.clone(),
        more_body,
    };
    connection
        .send
        .send(command(true))
        .await
        .expect("the first part fills the queue");
    assert!(matches!(
        connection.send.try_send(command(true)),
        Err(TrySendError::Full(_))
    ));
    let sender = connection.send.clone();
    let last = tokio::spawn({
        let command = command(false);
        async move { sender.send(command).await }
    });
    let whole = response
        .await
        .into_body()
        .collect()
        .await
        .expect("a whole body")
        .to_bytes();
    assert_eq!(whole.len(), 2 * HIGH_WATER);
    last.await.expect("no panic").expect("the last part was sent");
}

fn with(supported: Supported) -> (Connection, ResponseFuture, Outcome) {
    fn open_file(_: FilePart) -> Body {
        Body::from("file")
    }
    let open_file = Some(open_file as OpenFile);
    open_with(request(""), Terms { supported, open_file })
}

async fn refused(connection: &Connection, command: Command) -> String {
    let error = connection.send.send(command).await.expect_err("out of turn");
    error.to_string()
}

fn trailers(more_trailers: bool) -> Command {
    let mut headers = HeaderMap::new();
    headers.append("x-sum", http::HeaderValue::from_static("1"));
    Command::HttpResponseTrailers {
        headers,
        more_trailers,
    }
}

fn hint() -> Command {
    let links = vec![http::HeaderValue::from_static("</a>")];
    Command::HttpResponseEarlyHint { links }
}

fn push(path: &str) -> Command {
    let (path, headers) = (path.into(), HeaderMap::new());
    Command::HttpResponsePush { path, headers }
}

#[tokio::test]
async fn trailers_come_behind_the_last_part_if_they_were_promised() {
    let (connection, response, _outcome) = with(Supported::TRAILERS);
    connection.send.send(start(200)).await.expect("started");
    assert!(
        refused(&connection, trailers(false))
            .await
            .contains("needs trailers=True")
    );
    drop(response);

    let mut request = request("");
    request
        .headers_mut()
        .insert(header::TE, http::HeaderValue::from_static("gzip, trailers;q=1"));
    let supported = Supported::TRAILERS;
    let (connection, response, _outcome) = open_with(
        request,
        Terms {
            supported,
            open_file: None,
        },
    );
    let promise = Command::HttpResponseStart {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        trailers: true,
    };
    connection.send.send(promise).await.expect("started");
    assert!(
        refused(&connection, trailers(false))
            .await
            .starts_with("Expected the last")
    );
    connection
        .send
        .send(part("a", false))
        .await
        .expect("the last part");
    let text = refused(&connection, part("b", false)).await;
    assert_eq!(
        text,
        "Expected http.response.trailers, but got http.response.body"
    );
    connection.send.send(trailers(true)).await.expect("some");
    connection.send.send(trailers(false)).await.expect("the last");
    assert!(
        refused(&connection, trailers(false))
            .await
            .ends_with("already been completed")
    );
    let body = response.await.into_body().collect().await.expect("a whole body");
    assert_eq!(
        body.trailers()
            .map(|trailers| trailers.get_all("x-sum").iter().count()),
        Some(2)
    );
}

#[tokio::test]
async fn promised_trailers_that_never_come_break_the_response_off() {
    let (connection, response, outcome) = with(Supported::TRAILERS);
    let promise = Command::HttpResponseStart {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        trailers: true,
    };
    connection.send.send(promise).await.expect("started");
    connection
        .send
        .send(part("a", false))
        .await
        .expect("the last part");
    outcome.finish(&Ok(()));
    assert!(response.await.into_body().collect().await.is_err());
}

#[tokio::test]
async fn hints_and_pushes_come_in_order_and_wait_for_room() {
    let (connection, response, _outcome) = with(Supported::EARLY_HINT | Supported::PUSH);
    let mut interims = response.interims();
    let text = refused(&connection, push("/a")).await;
    assert_eq!(
        text,
        "HTTP response has not yet been started but got http.response.push"
    );
    connection
        .send
        .send(hint())
        .await
        .expect("a hint before the start");
    connection.send.send(start(200)).await.expect("started");
    assert!(refused(&connection, push("no path")).await.contains("bad path"));
    connection.send.send(push("/café?a=1 2")).await.expect("a push");
    connection.send.send(part("a", true)).await.expect("a part");
    connection.send.send(hint()).await.expect("too late, and ignored");
    assert!(matches!(interims.next().await, Some(Interim::EarlyHint(_))));
    let Some(Interim::Push { path, .. }) = interims.next().await else {
        panic!("no push")
    };
    assert_eq!(path.as_str(), "/caf%C3%A9?a=1%202");
    for _ in 0..16 {
        connection.send.try_send(push("/b")).expect("there is room");
    }
    assert!(matches!(
        connection.send.try_send(push("/b")),
        Err(TrySendError::Full(_))
    ));
    drop(interims);
    connection
        .send
        .send(push("/b"))
        .await
        .expect("dropped, as nobody takes it");
    drop(response);
    assert!(connection.send.send(push("/b")).await.is_err());
}

#[tokio::test]
async fn what_is_not_offered_is_ignored_or_refused() {
    let (connection, _response, _outcome) = open(request(""));
    let debug = || Command::HttpResponseDebug(Box::default());
    connection.send.send(debug()).await.expect("before the start");
    connection.send.send(hint()).await.expect("ignored");
    connection.send.send(start(200)).await.expect("started");
    assert!(refused(&connection, debug()).await.contains("must come before"));
    connection.send.send(push("/a")).await.expect("ignored");
    let path = "/file".into();
    assert_eq!(
        refused(&connection, Command::HttpResponsePathSend { path }).await,
        "Cannot handle message type http.response.pathsend!"
    );
}

#[tokio::test]
async fn a_path_is_absolute_and_the_whole_body() {
    let (connection, response, _outcome) = with(Supported::PATHSEND);
    let send = |path: &str| Command::HttpResponsePathSend { path: path.into() };
    connection.send.send(start(200)).await.expect("started");
    assert!(
        refused(&connection, send("file"))
            .await
            .contains("an absolute path")
    );
    connection.send.send(send("/file")).await.expect("taken");
    assert!(
        refused(&connection, part("b", false))
            .await
            .ends_with("already been completed")
    );
    assert_eq!(text(response.await).await, "file");

    let (connection, _response, _outcome) = with(Supported::PATHSEND);
    connection.send.send(start(200)).await.expect("started");
    connection.send.send(part("a", true)).await.expect("a part");
    assert!(
        refused(&connection, send("/file"))
            .await
            .contains("cannot be mixed")
    );
}
