//! Sessions in every backend.

use std::time::Duration;

use laureola_django::Secrets;
use laureola_django::schema::{self, Tables};
use laureola_django::session::cache::{CacheStore, CachedStore, RedisCache};
use laureola_django::session::cookie::CookieStore;
use laureola_django::session::database::DatabaseStore;
use laureola_django::session::file::FileStore;
use laureola_django::session::{Expiry, Session, SessionError, SessionStore, Sessions};
use laureola_testkit::{DjangoVersion, RedisServer};
use serde_json::{Value, json};

use crate::django::{Django, SECRET};
use crate::places::{Place, connect};

fn secrets() -> Secrets {
    Secrets::new(SECRET)
}

/// A session goes to and fro, changes on both sides, and ends on either.
async fn pass_to_and_fro<S: SessionStore>(django: &mut Django, engine: &str, store: S) {
    let sessions = Sessions::new(store, Expiry::default());
    let keeps = engine != "signed_cookies";

    // Ours, read and changed by Django.
    let mut session = Session::new();
    session.insert("theme", "dark é").unwrap();
    session
        .insert("list", json!([1, 2.5, null, {"a": true}]))
        .unwrap();
    sessions.commit(&mut session).await.unwrap();
    let key = session
        .key()
        .expect("a committed session has a key")
        .as_str()
        .to_owned();
    let read = django.ask(json!(["session_load", engine, key]));
    assert_eq!(
        read,
        json!({"theme": "dark é", "list": [1, 2.5, null, {"a": true}]}),
        "{engine}"
    );

    // Django's, read and changed by us.
    let data = json!({"cart": {"apples": 3}, "long": "x".repeat(5000)});
    let key = django.ask_text(json!(["session_create", engine, data]));
    let mut session = sessions.load(Some(&key)).await.unwrap();
    assert_eq!(Value::Object(session.data().clone()), data, "{engine}");
    session.insert("seen", true).unwrap();
    sessions.commit(&mut session).await.unwrap();
    let key = session.key().unwrap().as_str().to_owned();
    assert_eq!(
        django.ask(json!(["session_load", engine, key]))["seen"],
        json!(true),
        "{engine}"
    );

    // A new key: the data stays, the old key is worth nothing.
    session.cycle_key();
    sessions.commit(&mut session).await.unwrap();
    let cycled = session.key().unwrap().as_str().to_owned();
    assert_eq!(
        django.ask(json!(["session_load", engine, cycled]))["cart"],
        json!({"apples": 3})
    );
    if keeps {
        assert_ne!(cycled, key);
        assert_eq!(
            django.ask(json!(["session_load", engine, key])),
            json!({}),
            "{engine}"
        );
        // Ended by Django while we use it: what we hold must not come back.
        django.ask(json!(["session_delete", engine, cycled]));
        session.insert("late", 1).unwrap();
        assert!(
            matches!(
                sessions.commit(&mut session).await,
                Err(SessionError::Interrupted)
            ),
            "{engine}"
        );
        assert!(sessions.load(Some(&cycled)).await.unwrap().is_empty());
    }

    // A logout.
    let key = django.ask_text(json!(["session_create", engine, {"a": 1}]));
    let mut session = sessions.load(Some(&key)).await.unwrap();
    session.flush();
    sessions.commit(&mut session).await.unwrap();
    assert_eq!(session.key(), None);
    if keeps {
        assert_eq!(
            django.ask(json!(["session_load", engine, key])),
            json!({}),
            "{engine}"
        );
    }
    assert!(sessions.load(Some("nonsense")).await.unwrap().is_empty());
    assert!(sessions.load(None).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_in_the_database_pass_to_and_fro() {
    for place in Place::both() {
        let database = place.open().await;
        assert!(schema::prepare(&database, Tables::default()).await.unwrap());
        for version in DjangoVersion::ALL {
            let mut django = Django::start_with(version, json!({"database": place.settings()}));
            django.ask(json!(["migrate"]));
            let store = DatabaseStore::new(secrets(), database.clone());
            pass_to_and_fro(&mut django, "db", store).await;
        }
        database.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_in_the_cache_pass_to_and_fro() {
    let redis = RedisServer::start();
    for version in DjangoVersion::ALL {
        let mut django = Django::start_with(version, json!({"redis": redis.url()}));
        let cache = RedisCache::new(connect(&redis).await, "", 1);
        pass_to_and_fro(&mut django, "cache", CacheStore::new(cache)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cached_database_sessions_pass_to_and_fro() {
    let redis = RedisServer::start();
    let place = Place::Sqlite(tempfile::tempdir().unwrap());
    let database = place.open().await;
    schema::prepare(&database, Tables::default()).await.unwrap();
    for version in DjangoVersion::ALL {
        let options = json!({"redis": redis.url(), "database": place.settings()});
        let mut django = Django::start_with(version, options);
        let cache = RedisCache::new(connect(&redis).await, "", 1);
        let store = DatabaseStore::new(secrets(), database.clone());
        let store = CachedStore::new(cache, store, Duration::from_secs(3600));
        pass_to_and_fro(&mut django, "cached_db", store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_in_files_pass_to_and_fro() {
    let directory = tempfile::tempdir().unwrap();
    for version in DjangoVersion::ALL {
        let mut django = Django::start_with(version, json!({"directory": directory.path()}));
        let store = FileStore::new(secrets(), directory.path(), "sessionid", Expiry::default()).unwrap();
        pass_to_and_fro(&mut django, "file", store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_in_signed_cookies_pass_to_and_fro() {
    for version in DjangoVersion::ALL {
        let mut django = Django::start(version);
        let store = CookieStore::new(secrets(), Duration::from_secs(3600));
        pass_to_and_fro(&mut django, "signed_cookies", store).await;
    }
}
