//! `tests/test_testing.py`.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use laureola_asgi::{AppError, Command, Connection, Event, HttpScope, Scope, WebSocketScope, app_fn};
use laureola_consumers::testing::{ApplicationCommunicator, HttpCommunicator};

fn websocket() -> Scope {
    let mut parts = Request::get("/").body(()).expect("a request").into_parts().0;
    Scope::WebSocket(Box::new(WebSocketScope::new(&mut parts)))
}

/// Answers every event with a close of the number of events so far.
async fn counts(mut connection: Connection) -> Result<(), AppError> {
    for count in 1.. {
        if connection.receive.next().await.is_disconnect() {
            break;
        }
        connection.send.send(Command::close(count)).await?;
    }
    Err(AppError::msg("it was left"))
}

#[tokio::test]
async fn test_application_communicator() {
    let mut server = ApplicationCommunicator::new(app_fn(counts), websocket());
    for expected in 1..3 {
        server.send_input(Event::WebSocketConnect).await.expect("taken");
        let output = server.receive_output().await.expect("a command");
        assert!(matches!(output, Command::WebSocketClose { code, .. } if code == expected));
    }
    assert!(server.receive_nothing(Duration::from_millis(10)).await);
    let left = Event::WebSocketDisconnect {
        code: 1000,
        reason: "".into(),
    };
    server.send_input(left).await.expect("taken");
    let error = server.wait().await.expect_err("it failed");
    assert_eq!(error.to_string(), "the application failed: it was left");
}

#[tokio::test]
async fn test_timeouts_say_what_was_awaited() {
    let patience = Duration::from_millis(20);
    let mut server = ApplicationCommunicator::new(app_fn(counts), websocket()).timeout(patience);
    let error = server
        .receive_output()
        .await
        .expect_err("nothing comes")
        .to_string();
    assert_eq!(
        error,
        "the application sent nothing within 20ms: expected any command"
    );
    let error = server.wait().await.expect_err("it waits").to_string();
    assert_eq!(
        error,
        "the application sent nothing within 20ms: expected the application's end"
    );

    let half = app_fn(|connection: Connection| async move {
        connection
            .send
            .send(Command::start(StatusCode::OK, HeaderMap::new()))
            .await?;
        let (body, more_body) = (Bytes::from_static(b"half"), true);
        connection
            .send
            .send(Command::HttpResponseBody { body, more_body })
            .await?;
        std::future::pending::<Result<(), AppError>>().await
    });
    let request = Request::get("/").body(Bytes::new()).expect("a request");
    let error = HttpCommunicator::new(half, request)
        .timeout(patience)
        .get_response()
        .await
        .expect_err("half a response");
    assert_eq!(
        error.to_string(),
        "the application sent nothing within 20ms: expected a part of the response's body"
    );
    let silent = app_fn(|connection: Connection| async move {
        let _held = connection;
        std::future::pending::<Result<(), AppError>>().await
    });
    let request = Request::get("/").body(Bytes::new()).expect("a request");
    let mut client = HttpCommunicator::new(silent, request).timeout(patience);
    let error = client.get_response().await.expect_err("no response").to_string();
    assert_eq!(
        error,
        "the application sent nothing within 20ms: expected the response's head"
    );
}

#[tokio::test]
async fn test_http_communicator_of_an_application_that_fails_half_way() {
    let fails = app_fn(|connection: Connection| async move {
        connection
            .send
            .send(Command::start(StatusCode::OK, HeaderMap::new()))
            .await?;
        let (body, more_body) = (Bytes::from_static(b"half"), true);
        connection
            .send
            .send(Command::HttpResponseBody { body, more_body })
            .await?;
        Err(AppError::msg("half way"))
    });
    let request = Request::get("/").body(Bytes::new()).expect("a request");
    let error = HttpCommunicator::new(fails, request).get_response().await;
    assert_eq!(
        error.expect_err("broken off").to_string(),
        "the application failed: half way"
    );
}

#[tokio::test]
async fn an_http_scope_goes_into_an_application_communicator_too() {
    let parts = Request::get("/x").body(()).expect("a request").into_parts().0;
    let scope = Scope::Http(Box::new(HttpScope::new(parts)));
    let says_path = app_fn(|connection: Connection| async move {
        let path = connection.scope.path().into_owned();
        let (body, more_body) = (Bytes::from(path), false);
        Ok::<_, AppError>(
            connection
                .send
                .send(Command::HttpResponseBody { body, more_body })
                .await?,
        )
    });
    let mut server = ApplicationCommunicator::new(says_path, scope);
    let output = server.receive_output().await.expect("a command");
    assert!(matches!(output, Command::HttpResponseBody { body, .. } if body == "/x"));
    server.wait().await.expect("a clean end");
}
