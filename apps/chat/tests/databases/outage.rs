//! PostgreSQL stops, is locked, or the network to it is: pages say so, messages wait, and both come back by themselves.

use std::time::Duration;

use axum::http::StatusCode;
use laureola_chat::manage::Management;
use laureola_testkit::Postgres;
use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use tokio::time::{Instant, sleep, timeout};

use crate::proxy::Proxy;
use crate::site::{Site, Socket};

const PASSWORD: &str = "correct horse battery";
/// Nobody waits for longer than this for a page that cannot be shown.
const BOUND: Duration = Duration::from_secs(30);

/// A site with the room `tea`, and its user ada.
async fn open(url: &str) -> (Site, String) {
    let site = Site::start(url).await;
    let management = Management::open(url).await.expect("the database");
    management.create_room("Tea", None).await.expect("created");
    management.close().await;
    let fields = [
        ("username", "ada"),
        ("password1", PASSWORD),
        ("password2", PASSWORD),
    ];
    site.post("/signup/", "", &fields).await;
    let key = site
        .post("/login/", "", &[("username", "ada"), ("password", PASSWORD)])
        .await;
    (site, key.expect("logged in"))
}

/// Every page that asks the database, and every socket, says within the bound that it does not answer.
async fn nothing_answers(site: &Site, ada: &str) {
    let begun = Instant::now();
    let page = |path| async move {
        let (status, page) = site.get(path, ada).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(
            page.contains("The database does not answer. Try again in a few seconds."),
            "{page}"
        );
    };
    tokio::join!(
        page("/rooms/"),
        page("/rooms/tea/"),
        page("/chat/lobby/"),
        async {
            assert_eq!(site.denied("/ws/tea/", ada).await, 503);
        }
    );
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    // What needs no database is there all the same.
    assert_eq!(site.get("/static/chat/chat.css", "").await.0, StatusCode::OK);
}

/// Pages come back by themselves.
async fn pages_come_back(site: &Site, ada: &str) {
    let back = timeout(BOUND, async {
        while site.get("/rooms/tea/", ada).await.0 != StatusCode::OK {
            sleep(Duration::from_millis(50)).await;
        }
    });
    back.await.expect("the pages come back");
}

async fn acknowledged(socket: &mut Socket, texts: &[&str]) {
    for text in texts {
        assert_eq!(socket.next("ack").await["ack"], *text);
    }
}

/// What is stored, in its order.
async fn stored(url: &str) -> Vec<String> {
    let management = Management::open(url).await.expect("the database");
    let room = management.room("tea").await.expect("there");
    let exported = management.export(&room, 0).await.expect("read");
    management.close().await;
    exported.into_iter().map(|message| message.message).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_wait_while_postgresql_is_stopped_and_pages_say_so() {
    let mut postgres = Postgres::start();
    let url = postgres.url();
    let (site, ada) = open(&url).await;
    let mut socket = site.join("/ws/tea/", &ada).await;
    socket.say("before").await;
    postgres.stop();
    for text in ["one", "two", "three"] {
        socket.send(text).await;
    }
    nothing_answers(&site, &ada).await;
    assert!(socket.is_quiet_about("ack").await);
    postgres.start_again();
    acknowledged(&mut socket, &["one", "two", "three"]).await;
    pages_come_back(&site, &ada).await;
    site.stop().await;
    assert_eq!(stored(&url).await, ["before", "one", "two", "three"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_wait_while_the_tables_are_locked_and_pages_say_so() {
    let postgres = Postgres::start();
    let url = postgres.url();
    let (site, ada) = open(&url).await;
    let mut socket = site.join("/ws/tea/", &ada).await;
    let mut lock = PgConnection::connect(&url).await.expect("connected");
    let mut lock = lock.begin().await.expect("begun");
    sqlx::query("LOCK TABLE room_message, room_room, django_session, auth_user IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *lock)
        .await
        .expect("locked");
    for text in ["one", "two", "three"] {
        socket.send(text).await;
    }
    nothing_answers(&site, &ada).await;
    assert!(socket.is_quiet_about("ack").await);
    lock.rollback().await.expect("unlocked");
    acknowledged(&mut socket, &["one", "two", "three"]).await;
    pages_come_back(&site, &ada).await;
    site.stop().await;
    assert_eq!(stored(&url).await, ["one", "two", "three"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_wait_for_a_network_that_swallows_everything() {
    let postgres = Postgres::start();
    let proxy = Proxy::start(postgres.port()).await;
    let (site, ada) = open(&proxy.url()).await;
    let mut socket = site.join("/ws/tea/", &ada).await;
    proxy.pass(false);
    for text in ["one", "two"] {
        socket.send(text).await;
    }
    nothing_answers(&site, &ada).await;
    assert!(socket.is_quiet_about("ack").await);
    proxy.pass(true);
    acknowledged(&mut socket, &["one", "two"]).await;
    pages_come_back(&site, &ada).await;
    site.stop().await;
    assert_eq!(stored(&postgres.url()).await, ["one", "two"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_commit_nobody_heard_of_is_stored_once() {
    let postgres = Postgres::start();
    let proxy = Proxy::start(postgres.port()).await;
    let (site, ada) = open(&proxy.url()).await;
    let mut socket = site.join("/ws/tea/", &ada).await;
    socket.say("ok").await;
    proxy.lose_commit();
    let twice = socket.say("ok").await;
    assert_eq!(proxy.lost(), 1, "the answer was not lost");
    assert_eq!(stored(&postgres.url()).await, ["ok", "ok"]);
    let newest = postgres.sql("SELECT max(id) FROM room_message");
    assert_eq!(
        newest.trim(),
        twice.to_string(),
        "the sender was told of the one that is stored"
    );
    site.stop().await;
    assert_eq!(
        json!(postgres.sql("SELECT count(*) FROM room_message").trim()),
        "2"
    );
}
