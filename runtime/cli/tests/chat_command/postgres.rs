//! The same on PostgreSQL.

use laureola_testkit::{Postgres, free_port};

use crate::export::{check, furnish, talk};
use crate::place::Place;

#[tokio::test(flavor = "multi_thread")]
async fn every_command_works_on_postgresql() {
    let postgres = Postgres::start();
    let mut place = Place::new();
    place.url = postgres.url();
    // Nothing is there yet, and reading makes nothing.
    place
        .chat(&["export", "tea"])
        .failed(&["there is no database postgres://127.0.0.1:"]);
    assert_eq!(
        postgres.sql("SELECT to_regclass('auth_user') IS NULL").trim(),
        "t"
    );
    let root = ["createsuperuser", "--username", "root", "--password-stdin"];
    place.chat_with(&root, "correct horse battery").done();
    place
        .chat_with(&root, "correct horse battery")
        .failed(&["already exists"]);
    assert!(
        place
            .log_in("root", "correct horse battery")
            .await
            .expect("logs in")
            .is_superuser
    );
    assert_eq!(
        place.chat(&["create-room", "Tea room"]).done().stdout,
        "/rooms/tea-room/\n"
    );
    place
        .chat(&["create-room", "Tea room"])
        .failed(&["this slug already"]);

    let store = place.store().await;
    let message = furnish(&store, "Garden").await;
    talk(&store, &message, 501).await;
    store.close().await;
    check(&place.chat(&["export", "garden"]).done().stdout, 501);
    let demo = place.chat(&["demo"]).done().stdout;
    assert!(
        demo.contains("ada    is there already") && demo.contains("grace  password "),
        "{demo}"
    );

    place.url = format!(
        "postgres://laureola:s3cret@127.0.0.1:{}/elsewhere",
        postgres.port()
    );
    let said = place.chat(&["demo"]);
    assert!(!said.stderr.contains("s3cret"), "{said:?}");
    said.failed(&["/elsewhere", "does not exist", "createdb"]);
    place.url = format!("postgres://laureola:s3cret@127.0.0.1:{}/postgres", free_port());
    let said = place.chat(&["demo"]);
    assert!(!said.stderr.contains("s3cret"), "{said:?}");
    said.failed(&["does not answer", "server runs"]);
}
