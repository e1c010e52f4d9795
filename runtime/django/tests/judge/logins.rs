//! Users who log in on one side and are logged in on the other.

use laureola_django::Secrets;
use laureola_django::auth::{Auth, NewUser, UserTable, Users};
use laureola_django::hashers::{Hasher, PasswordPool, Passwords};
use laureola_django::schema::{self, Tables};
use laureola_django::session::database::DatabaseStore;
use laureola_django::session::{Expiry, Session, Sessions};
use laureola_testkit::DjangoVersion;
use serde_json::{Value, json};

use crate::django::{Django, SECRET};
use crate::places::Place;

fn pool() -> PasswordPool {
    let hashers = [
        Hasher::Pbkdf2Sha256 { iterations: 2000 },
        Hasher::Md5,
        Hasher::DEFAULT,
    ];
    PasswordPool::new(Passwords::new(hashers))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_on_one_side_is_one_on_the_other() {
    for (version, place) in DjangoVersion::ALL.into_iter().zip(Place::both()) {
        let database = place.open().await;
        let mut django = Django::start_with(version, json!({"database": place.settings()}));
        django.ask(json!(["migrate"]));
        let made = schema::prepare(&database, Tables::default()).await.unwrap();
        assert!(!made, "a database of Django's is used as it is");

        let secrets = Secrets::new(SECRET);
        let sessions = Sessions::new(
            DatabaseStore::new(secrets.clone(), database.clone()),
            Expiry::default(),
        );
        let auth = Auth::new(
            secrets,
            Users::new(database.clone(), UserTable::default()),
            pool(),
        );

        // Django's user logs in with us.
        django.ask(json!(["create_user", "ada", "correct horse"]));
        assert!(auth.authenticate("ada", "wrong").await.unwrap().is_none());
        assert!(
            auth.authenticate("nobody", "correct horse")
                .await
                .unwrap()
                .is_none()
        );
        let ada = auth
            .authenticate("ada", "correct horse")
            .await
            .unwrap()
            .expect("the right password");
        assert!(
            ada.password().starts_with("pbkdf2_sha256$2000$"),
            "upgraded to what we prefer"
        );
        let mut session = Session::new();
        session.insert("cart", 1).unwrap();
        auth.login(&mut session, &ada).await.unwrap();
        sessions.commit(&mut session).await.unwrap();
        let key = session.key().unwrap().as_str().to_owned();
        assert_eq!(django.ask(json!(["session_user", "db", key])), json!("ada"));
        assert_eq!(
            django.ask(json!(["session_load", "db", key]))["cart"],
            json!(1),
            "data outlives a login"
        );

        // Our user logs in there.
        let stored = auth.passwords().make("battery staple").await.unwrap();
        let bob = NewUser {
            username: "bob",
            password: &stored,
            email: "",
            is_superuser: false,
        };
        assert!(auth.users().create(bob).await.unwrap().is_some());
        assert!(
            auth.users().create(bob).await.unwrap().is_none(),
            "the name is taken"
        );
        let key = django.ask_text(json!(["login", "db", "bob", "battery staple"]));
        let mut session = sessions.load(Some(&key)).await.unwrap();
        let bob = auth.user(&mut session).await.unwrap().expect("logged in");
        assert_eq!(bob.username, "bob");

        // A new password ends the old session on both sides.
        django.ask(json!(["set_password", "bob", "another one"]));
        assert!(auth.user(&mut session).await.unwrap().is_none());
        let names: Vec<_> = auth
            .users()
            .list("", 10)
            .await
            .unwrap()
            .into_iter()
            .map(|user| user.username)
            .collect();
        assert_eq!(names, ["ada", "bob"]);
        database.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_an_older_secret_is_renewed() {
    let place = Place::Sqlite(tempfile::tempdir().unwrap());
    let database = place.open().await;
    schema::prepare(&database, Tables::default()).await.unwrap();
    let options = json!({"database": place.settings(), "secret": "old"});
    let mut django = Django::start_with(DjangoVersion::V5_2, options);
    django.ask(json!(["create_user", "ada", "correct horse"]));
    let key = django.ask_text(json!(["login", "db", "ada", "correct horse"]));

    let secrets = Secrets::new("new").with_fallbacks(["old"]);
    let sessions = Sessions::new(
        DatabaseStore::new(secrets.clone(), database.clone()),
        Expiry::default(),
    );
    let auth = Auth::new(secrets, Users::new(database, UserTable::default()), pool());
    let mut session = sessions.load(Some(&key)).await.unwrap();
    assert!(auth.user(&mut session).await.unwrap().is_some());
    sessions.commit(&mut session).await.unwrap();
    let renewed = session.key().unwrap().as_str().to_owned();
    assert_ne!(renewed, key);

    let options = json!({"database": place.settings(), "secret": "new"});
    let mut django = Django::start_with(DjangoVersion::V5_2, options);
    assert_eq!(django.ask(json!(["session_user", "db", renewed])), json!("ada"));
    assert_eq!(django.ask(json!(["session_user", "db", key])), Value::Null);
}
