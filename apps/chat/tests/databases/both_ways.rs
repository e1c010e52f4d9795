//! Users, sessions, rooms and messages of either side are the other's, at once.

use std::time::{SystemTime, UNIX_EPOCH};

use laureola_chat::manage::{Management, Person};
use laureola_testkit::DjangoVersion;
use serde_json::{Value, json};

use crate::project::{Judge, Place, Project};
use crate::schema;
use crate::site::Site;

const PASSWORD: &str = "correct horse battery";

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_django_4_2_in_sqlite_is_used_as_it_is() {
    made_by_django(DjangoVersion::V4_2, &Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_django_5_2_in_sqlite_is_used_as_it_is() {
    made_by_django(DjangoVersion::V5_2, &Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_django_4_2_in_postgresql_is_used_as_it_is() {
    made_by_django(DjangoVersion::V4_2, &Place::postgres()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_ours_in_sqlite_is_taken_over_by_django_4_2() {
    made_by_us(DjangoVersion::V4_2, &Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_ours_in_sqlite_is_taken_over_by_django_5_2() {
    made_by_us(DjangoVersion::V5_2, &Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_ours_in_postgresql_is_taken_over_by_django_5_2() {
    made_by_us(DjangoVersion::V5_2, &Place::postgres()).await;
}

async fn made_by_django(version: DjangoVersion, place: &Place) {
    let project = Project::new(version, place);
    project.manage(&["makemigrations", "room"]);
    project.manage(&["migrate"]);
    let before = place.schema().await;
    assert!(before.contains("room_message"), "{before}");
    let mut django = project.judge();
    django.ask(json!(["create_user", "ada", PASSWORD, true]));
    django.ask(json!(["create_room", "Tea", "tea"]));

    let site = Site::start(&place.url()).await;
    used_both_ways(&site, &mut django).await;
    operated(&place.url(), &mut django).await;
    site.stop().await;
    assert_eq!(place.schema().await, before, "the database was altered");
    django.manage(&["makemigrations", "--check"]);
    django.manage(&["migrate", "--check"]);
}

async fn made_by_us(version: DjangoVersion, place: &Place) {
    let site = Site::start(&place.url()).await;
    let ours = place.schema().await;
    let management = Management::open(&place.url()).await.expect("the database");
    let ada = Person {
        username: "ada",
        password: PASSWORD,
        is_superuser: true,
        ..Person::default()
    };
    management.create_user(ada).await.expect("created");
    management.create_room("Tea", None).await.expect("created");
    management.close().await;

    let project = Project::new(version, place);
    project.manage(&["makemigrations", "room"]);
    let said = project.manage(&["migrate", "--fake-initial"]);
    assert!(said.contains("room.0001_initial... FAKED"), "{said}");
    assert_eq!(
        said.matches("Applying").count(),
        1,
        "all others are applied already: {said}"
    );
    assert_eq!(place.schema().await, ours, "Django had something to alter");
    let mut django = project.judge();
    django.manage(&["makemigrations", "--check"]);
    django.manage(&["migrate", "--check"]);
    schema::is_what_django_makes(version, place, &mut django);
    used_both_ways(&site, &mut django).await;
    operated(&place.url(), &mut django).await;
    site.stop().await;
}

/// There are the superuser `ada` and the room `tea`.
async fn used_both_ways(site: &Site, django: &mut Judge) {
    // Django's session is good for our pages and sockets; what was said by its models is there.
    let ada = django.ask(json!(["login", "ada", PASSWORD]));
    let ada = ada.as_str().expect("logged in");
    let by_django = django.ask(json!(["say", "tea", "ada", "by Django, é"]));
    let (status, page) = site.get("/rooms/", ada).await;
    assert!(status == 200 && page.contains("Tea"), "{page}");
    assert_eq!(site.get("/rooms/tea/", ada).await.0, 200);
    let mut socket = site.join("/ws/tea/", ada).await;
    let history = socket.next("history").await;
    let entry = &history["history"][0];
    assert_eq!(
        (&entry["id"], &entry["message"], &entry["username"]),
        (&by_django, &json!("by Django, é"), &json!("ada"))
    );

    // What is said here is there, at the same moment.
    let sent = SystemTime::now();
    let by_us = socket.say("by us, 日本").await;
    let said = django.ask(json!(["messages", "tea"]));
    assert_eq!(
        said[1].as_array().expect("a message")[..3],
        [json!(by_us), json!("ada"), json!("by us, 日本")]
    );
    let at =
        said[1][3].as_f64().expect("seconds") - sent.duration_since(UNIX_EPOCH).expect("now").as_secs_f64();
    assert!((-1.0..60.0).contains(&at), "{at} s later");

    // What Django says meanwhile is in the pages of the history, and what it deletes is not.
    let third = django.ask(json!(["say", "tea", "ada", "third"]));
    let (_, page) = site.get("/admin/rooms/tea/", ada).await;
    assert!(page.contains("third") && page.contains("by us, 日本"), "{page}");
    django.ask(json!(["delete_message", third]));
    let (_, page) = site.get("/admin/rooms/tea/", ada).await;
    assert!(!page.contains("third"), "{page}");
    let delete = format!("/admin/rooms/tea/messages/{by_us}/delete/");
    site.post(&delete, ada, &[]).await;
    assert_eq!(
        django.ask(json!(["messages", "tea"])).as_array().map(Vec::len),
        Some(1)
    );

    // Rooms of our staff's pages are Django's.
    site.post("/admin/rooms/", ada, &[("name", "Garden")]).await;
    site.post("/admin/rooms/tea/rename/", ada, &[("name", "Tea room")])
        .await;
    let rooms = django.ask(json!(["rooms"]));
    assert_eq!(rooms, json!([["Tea room", "tea"], ["Garden", "garden"]]));
    django.ask(json!(["say", "garden", "ada", "in the garden"]));
    site.post("/admin/rooms/garden/delete/", ada, &[]).await;
    assert_eq!(django.ask(json!(["rooms"])), json!([["Tea room", "tea"]]));
    // And the other way.
    django.ask(json!(["create_room", "Hall", "hall"]));
    let mut hall = site.join("/ws/hall/", ada).await;
    hall.say("anybody here?").await;
    assert_eq!(site.get("/rooms/hall/", ada).await.0, 200);
    django.ask(json!(["delete_room", "hall"]));
    assert_eq!(site.get("/rooms/hall/", ada).await.0, 404);

    // Who signs up and logs in here is Django's user, with Django's session.
    let bob = [
        ("username", "bob"),
        ("password1", PASSWORD),
        ("password2", PASSWORD),
    ];
    site.post("/signup/", "", &bob).await;
    let key = site
        .post("/login/", "", &[("username", "bob"), ("password", PASSWORD)])
        .await;
    assert_eq!(
        django.ask(json!(["session_user", key.expect("a session")])),
        "bob"
    );
    assert_eq!(
        django.ask(json!(["user", "bob"])),
        json!(["", false, false, true])
    );
    let key = django.ask(json!(["login", "bob", PASSWORD]));
    let mut bob = site.join("/ws/tea/", key.as_str().expect("logged in")).await;
    bob.say("hello").await;
    let said = django.ask(json!(["messages", "tea"]));
    assert_eq!((&said[1][1], &said[1][2]), (&json!("bob"), &json!("hello")));
}

/// What the commands make is Django's, too.
async fn operated(url: &str, django: &mut Judge) {
    let management = Management::open(url).await.expect("the database");
    let root = Person {
        username: "root",
        email: "Root@Example.COM",
        password: PASSWORD,
        is_superuser: true,
        ..Person::default()
    };
    management.create_user(root).await.expect("created");
    assert_eq!(
        django.ask(json!(["user", "root"])),
        json!(["Root@example.com", true, true, true])
    );
    assert_ne!(django.ask(json!(["login", "root", PASSWORD])), Value::Null);
    let room = management.room("Tea room").await.expect("there");
    let exported = management.export(&room, 0).await.expect("read");
    let said = django.ask(json!(["messages", "tea"]));
    let said: Vec<_> = said
        .as_array()
        .expect("messages")
        .iter()
        .map(|message| message[2].clone())
        .collect();
    let ours: Vec<_> = exported.iter().map(|message| json!(message.message)).collect();
    assert_eq!(ours, said);
    management.close().await;
}
