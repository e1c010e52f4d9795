//! Sockets whose session ends.

use std::time::Duration;

use serde_json::json;

use crate::site::Site;

/// A site that looks at the session with each message.
async fn site() -> Site {
    let site = Site::start_with(|options| options.session_check = Duration::ZERO).await;
    site.room("lobby").await;
    site
}

async fn sql(site: &Site, statement: &'static str) {
    let laureola_django::Database::Sqlite(pools) = site.store.database() else {
        panic!("the site is on SQLite");
    };
    sqlx::query(statement).execute(&pools.write).await.expect("done");
}

#[tokio::test]
async fn a_session_that_is_ended_ends_its_sockets() {
    for statement in [
        "DELETE FROM django_session",
        "UPDATE auth_user SET is_active = FALSE",
        "UPDATE auth_user SET password = '!another'",
    ] {
        let site = site().await;
        let ada = site.user("ada").await;
        let mut window = site.join("/ws/lobby/", &ada).await;
        window.say("in").await;
        window.hears("ada", "in").await;
        sql(&site, statement).await;
        window.send(json!({ "typing": true })).await;
        assert_eq!(window.closed().await, 4401, "{statement}");
    }
}

#[tokio::test]
async fn a_session_that_goes_on_keeps_its_sockets() {
    let site = site().await;
    let ada = site.user("ada").await;
    let mut window = site.join("/ws/lobby/", &ada).await;
    for text in ["one", "two", "three"] {
        window.say(text).await;
        window.hears("ada", text).await;
    }
    assert!(window.is_quiet().await);
}
