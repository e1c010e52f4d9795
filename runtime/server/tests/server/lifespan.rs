//! The application's life around its connections'.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use laureola_asgi::{AppError, Application, Command, Connection, Event, Scope, State, app_fn};
use laureola_server::readiness::Stage;
use laureola_server::{Lifespan, Server, StartupError};
use laureola_testkit::{RawHttp, Received, WebSocket};
use parking_lot::Mutex;

use crate::support::{DEADLINE, Running, respond};

type Log = Arc<Mutex<Vec<String>>>;

/// Notes the turns of its life, answers requests and sockets with what its startup left.
fn living(log: &Log) -> impl Application + use<> {
    let log = Arc::clone(log);
    app_fn(move |mut connection: Connection| {
        let log = Arc::clone(&log);
        async move {
            match &mut connection.scope {
                Scope::Lifespan(scope) => {
                    scope.state.insert(Arc::new("pool"));
                }
                Scope::Http(scope) => {
                    let text = left(&mut scope.state);
                    log.lock().push(format!("request {text}"));
                    return respond(&connection.send, StatusCode::OK, text).await;
                }
                Scope::WebSocket(scope) => {
                    let text = left(&mut scope.state);
                    connection.send.send(Command::accept()).await?;
                    connection.send.send(Command::WebSocketSend(text.into())).await?;
                    while !connection.receive.next().await.is_disconnect() {}
                    log.lock().push("disconnect".to_owned());
                    return Ok(());
                }
                _ => return Ok(()),
            }
            loop {
                let answer = match connection.receive.next().await {
                    Event::LifespanStartup => Command::LifespanStartupComplete,
                    Event::LifespanShutdown => Command::LifespanShutdownComplete,
                    other => panic!("{other:?}"),
                };
                log.lock().push(answer.message_type().to_owned());
                connection.send.send(answer).await?;
            }
        }
    })
}

/// What a scope's state holds; a change to it stays in this scope.
fn left(state: &mut State) -> String {
    let pool = state.get::<Arc<&str>>().map_or("nothing", |pool| **pool);
    let text = format!("{pool}, changes {}", u8::from(state.get::<u8>().is_some()));
    state.insert(1_u8);
    text
}

#[test]
fn the_application_starts_before_the_first_connection_and_ends_after_the_last() {
    let log = Log::default();
    let server = Running::with(living(&log), |builder| builder.lifespan(Lifespan::Auto));
    for _ in 0..2 {
        assert_eq!(RawHttp::get(server.port, "/", DEADLINE).text(), "pool, changes 0");
    }
    let mut socket = WebSocket::connect(server.port, "/", &[]);
    assert_eq!(
        socket.recv(DEADLINE),
        Received::Text("pool, changes 0".to_owned())
    );
    server.stop();
    assert_eq!(
        *log.lock(),
        [
            "lifespan.startup.complete",
            "request pool, changes 0",
            "request pool, changes 0",
            "disconnect",
            "lifespan.shutdown.complete",
        ]
    );
}

#[test]
fn with_lifespan_off_the_application_is_not_told() {
    let log = Log::default();
    let server = Running::with(living(&log), |builder| builder.lifespan(Lifespan::Off));
    assert_eq!(
        RawHttp::get(server.port, "/", DEADLINE).text(),
        "nothing, changes 0"
    );
    server.stop();
    assert_eq!(*log.lock(), ["request nothing, changes 0"]);
}

/// Serves `application` and says why it did not start.
fn start(application: impl Application, lifespan: Lifespan) -> Result<(), StartupError> {
    start_within(application, lifespan, DEADLINE)
}

fn start_within(
    application: impl Application,
    lifespan: Lifespan,
    limit: Duration,
) -> Result<(), StartupError> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let builder = Server::builder(application).lifespan(lifespan);
        let builder = builder.startup_timeout(limit);
        let server = builder.bind(("127.0.0.1", 0)).await.expect("a free port");
        let readiness = server.readiness();
        // As soon as it serves it is stopped again.
        server
            .serve(async { readiness.reached(Stage::Ready).await })
            .await
    })
}

/// Answers the startup as `answer` does.
fn answering<F>(answer: F) -> impl Application
where
    F: Fn() -> Result<Option<Command>, AppError> + Send + Sync + 'static,
{
    let answer = Arc::new(answer);
    app_fn(move |mut connection: Connection| {
        let answer = Arc::clone(&answer);
        async move {
            connection.receive.next().await;
            if let Some(command) = answer()? {
                connection.send.send(command).await?;
                connection.receive.next().await;
            }
            Ok(())
        }
    })
}

#[test]
fn a_failed_startup_is_the_servers_error_in_the_applications_words() {
    for lifespan in [Lifespan::Auto, Lifespan::On] {
        let message = || "no database".into();
        let failing = answering(move || Ok(Some(Command::LifespanStartupFailed { message: message() })));
        let error = start(failing, lifespan).expect_err("it fails");
        assert_eq!(error.to_string(), "the application could not start: no database");
    }
}

#[test]
fn an_application_without_a_lifespan_is_served_unless_it_has_to_have_one() {
    let raises = || answering(|| Err(AppError::msg("only http")));
    let returns = || answering(|| Ok(None));
    let panics = || answering(|| panic!("on purpose"));
    start(raises(), Lifespan::Auto).expect("served");
    start(returns(), Lifespan::Auto).expect("served");
    start(panics(), Lifespan::Auto).expect("served");
    let error = start(raises(), Lifespan::On).expect_err("it raised");
    assert_eq!(
        error.to_string(),
        "the application failed in its lifespan: only http"
    );
    assert!(matches!(
        start(returns(), Lifespan::On),
        Err(StartupError::Unanswered)
    ));
    assert!(start(panics(), Lifespan::On).is_err());
}

#[test]
fn a_startup_that_takes_too_long_is_an_error() {
    let hangs = app_fn(|_: Connection| std::future::pending::<Result<(), AppError>>());
    let error = start_within(hangs, Lifespan::Auto, Duration::from_millis(50)).expect_err("too long");
    assert!(matches!(error, StartupError::Timeout(_)), "{error}");
}

#[test]
fn a_shutdown_that_hangs_does_not_keep_the_server() {
    let hangs = app_fn(|mut connection: Connection| async move {
        connection.receive.next().await;
        connection.send.send(Command::LifespanStartupComplete).await?;
        std::future::pending::<Result<(), AppError>>().await
    });
    let server = Running::with(hangs, |builder| {
        builder.shutdown_timeout(Duration::from_millis(50))
    });
    // Waits for the end.
    server.stop();
}
