use super::*;
use crate::router::ProtocolTypeRouter;
use crate::{Application, app_fn};

fn run(application: impl Application) -> (Lifespan, SharedState) {
    let state = SharedState::default();
    let (connection, lifespan) = open(state.clone());
    let ended = lifespan.clone();
    tokio::spawn(async move {
        let _ = application.call(connection).await;
        ended.application_ended();
    });
    (lifespan, state)
}

#[tokio::test]
async fn a_router_agrees_to_everything() {
    let (lifespan, _) = run(ProtocolTypeRouter::new());
    assert_eq!(lifespan.started().await, Started::Complete);
    assert_eq!(lifespan.stop().await, Stopped::Complete);
}

#[tokio::test]
async fn a_routers_own_application_is_asked() {
    let application = app_fn(|mut connection: Connection| async move {
        assert!(matches!(connection.receive.next().await, Event::LifespanStartup));
        if let Scope::Lifespan(scope) = &connection.scope {
            scope.state.insert("left");
        }
        connection.send.send(Command::LifespanStartupComplete).await?;
        assert!(matches!(connection.receive.next().await, Event::LifespanShutdown));
        let message = "not all was saved".into();
        connection
            .send
            .send(Command::LifespanShutdownFailed { message })
            .await?;
        Ok::<_, AppError>(())
    });
    let (lifespan, state) = run(ProtocolTypeRouter::new().lifespan(application));
    assert_eq!(lifespan.started().await, Started::Complete);
    assert_eq!(state.copy().get::<&str>(), Some(&"left"));
    assert_eq!(lifespan.stop().await, Stopped::Failed("not all was saved".into()));
}

#[tokio::test]
async fn an_application_that_ends_without_a_word_is_noticed() {
    let (lifespan, _) = run(app_fn(|_: Connection| async {
        Err::<(), _>(AppError::msg("only http"))
    }));
    assert_eq!(lifespan.started().await, Started::Unanswered);
    assert_eq!(lifespan.stop().await, Stopped::Unanswered);
}

#[tokio::test]
async fn answers_out_of_turn_are_refused() {
    let (connection, lifespan) = open(SharedState::default());
    let send = &connection.send;
    assert!(send.send(Command::LifespanShutdownComplete).await.is_err());
    let error = send.send(Command::accept()).await.expect_err("another protocol");
    assert_eq!(error.to_string(), "Cannot handle message type websocket.accept!");
    let message = "no database".into();
    send.send(Command::LifespanStartupFailed { message })
        .await
        .expect("an answer");
    assert!(send.send(Command::LifespanStartupComplete).await.is_err());
    assert_eq!(lifespan.started().await, Started::Failed("no database".into()));
}
