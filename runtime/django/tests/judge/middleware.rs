//! Sessions and users in the scope of connections, with Django as the other side.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use laureola_asgi::exchange::Body;
use laureola_asgi::{AppError, Application, Command, Connection, app_fn};
use laureola_consumers::testing::{CommunicatorError, HttpCommunicator, WebsocketCommunicator};
use laureola_consumers::{Context, JsonConsumer, Result, as_application};
use laureola_django::auth::{Auth, NewUser, User, UserTable, Users};
use laureola_django::hashers::{Hasher, PasswordPool, Passwords};
use laureola_django::middleware::session::WithSessions;
use laureola_django::middleware::{
    AuthLayer, SessionCookie, SessionHandle, SessionLayer, get_user, login, logout,
};
use laureola_django::schema::{self, Tables};
use laureola_django::session::database::DatabaseStore;
use laureola_django::session::store::{Save, Saved};
use laureola_django::session::{Data, Expiry, SessionError, SessionKey, SessionStore, Sessions};
use laureola_django::{Database, Secrets};
use laureola_layers::{Layer, MemoryLayer};
use laureola_testkit::DjangoVersion;
use serde_json::{Value, json};
use tower_layer::Layer as _;

use crate::django::{Django, SECRET};
use crate::places::Place;

/// A site's database with a user `ada`, and the two layers over it.
struct Site {
    django: Django,
    database: Database,
    auth: Arc<Auth>,
    sessions: SessionLayer,
    _place: Place,
}

impl Site {
    async fn new(version: DjangoVersion) -> Self {
        let place = Place::Sqlite(tempfile::tempdir().unwrap());
        let database = place.open().await;
        schema::prepare(&database, Tables::default()).await.unwrap();
        let secrets = Secrets::new(SECRET);
        let users = Users::new(database.clone(), UserTable::default());
        let pool = PasswordPool::new(Passwords::new([Hasher::Md5]));
        let auth = Auth::new(secrets.clone(), users, pool);
        let password = auth.passwords().make("correct horse").await.unwrap();
        let ada = NewUser {
            username: "ada",
            password: &password,
            email: "",
            is_superuser: false,
        };
        auth.users().create(ada).await.unwrap().expect("a new name");
        let store = DatabaseStore::new(secrets, database.clone());
        Self {
            django: Django::start_with(version, json!({"database": place.settings()})),
            database,
            auth: Arc::new(auth),
            sessions: SessionLayer::new(Sessions::new(store, Expiry::default()), SessionCookie::default()),
            _place: place,
        }
    }

    fn wrap(&self, application: impl Application) -> WithSessions {
        let auth = AuthLayer::new(Arc::clone(&self.auth));
        self.sessions.layer(auth.layer(application))
    }

    /// An application that acts as its path says, and answers with the user's name.
    fn pages(&self) -> WithSessions {
        let auth = Arc::clone(&self.auth);
        self.wrap(app_fn(move |connection: Connection| {
            let auth = Arc::clone(&auth);
            async move { page(connection, &auth).await }
        }))
    }
}

async fn page(connection: Connection, auth: &Auth) -> Result<()> {
    let extensions = connection.scope.extensions();
    let session = extensions.get::<SessionHandle>().expect("a session layer");
    let mut status = StatusCode::OK;
    let path = connection.scope.path().into_owned();
    match &*path {
        "/untouched/" => {
            let response = Box::new(Response::new(Body::from("-")));
            return Ok(connection.send.send(Command::HttpResponse(response)).await?);
        }
        "/login/" => {
            let ada = auth.authenticate("ada", "correct horse").await?;
            login(extensions, &ada.expect("the right password")).await?;
        }
        "/logout/" => logout(extensions).await?,
        "/fail/" => {
            session.lock().await?.insert("failed", true)?;
            status = StatusCode::SERVICE_UNAVAILABLE;
        }
        _ => {}
    }
    let name = get_user(extensions)
        .await?
        .map_or_else(|| "nobody".to_owned(), |user: User| user.username);
    // In parts: the head waits for the commit, and the body for the head.
    connection
        .send
        .send(Command::start(status, HeaderMap::new()))
        .await?;
    let (body, more_body) = (Bytes::from(name), false);
    Ok(connection
        .send
        .send(Command::HttpResponseBody { body, more_body })
        .await?)
}

/// A page with this session cookie.
async fn get(
    application: &(impl Application + Clone),
    path: &str,
    key: Option<&str>,
) -> std::result::Result<Response<Bytes>, CommunicatorError> {
    let mut request = Request::get(path);
    if let Some(key) = key {
        request = request.header("cookie", format!("other=1; sessionid={key}"));
    }
    let request = request.body(Bytes::new()).unwrap();
    HttpCommunicator::new(application.clone(), request)
        .timeout(Duration::from_secs(20))
        .get_response()
        .await
}

fn set_cookie(response: &Response<Bytes>) -> &str {
    response.headers()["set-cookie"].to_str().unwrap()
}

/// The key in a `set-cookie`.
fn key(response: &Response<Bytes>) -> String {
    let cookie = set_cookie(response);
    let (key, _) = cookie
        .strip_prefix("sessionid=")
        .unwrap()
        .split_once(';')
        .unwrap();
    key.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_through_the_layers_is_one_in_django_and_ends_with_a_logout() {
    for version in DjangoVersion::ALL {
        let mut site = Site::new(version).await;
        let pages = site.pages();
        let response = get(&pages, "/", None).await.unwrap();
        assert_eq!(response.body(), "nobody");
        assert_eq!(response.headers()["vary"], "Cookie");
        assert!(
            !response.headers().contains_key("set-cookie"),
            "nothing to remember"
        );

        let response = get(&pages, "/login/", None).await.unwrap();
        assert_eq!(response.body(), "ada");
        let cookie = set_cookie(&response);
        assert!(
            cookie.ends_with("; Max-Age=1209600; HttpOnly; Path=/; SameSite=Lax"),
            "{cookie}"
        );
        let key = key(&response);
        assert_eq!(site.django.ask(json!(["session_user", "db", key])), json!("ada"));

        let response = get(&pages, "/", Some(&key)).await.unwrap();
        assert_eq!(response.body(), "ada");
        assert!(
            !response.headers().contains_key("set-cookie"),
            "nothing has changed"
        );
        let response = get(&pages, "/untouched/", Some(&key)).await.unwrap();
        assert!(!response.headers().contains_key("vary"));

        let response = get(&pages, "/fail/", Some(&key)).await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        let data = site.django.ask(json!(["session_load", "db", key]));
        assert_eq!(data["failed"], Value::Null, "a failed response stores nothing");

        let response = get(&pages, "/logout/", Some(&key)).await.unwrap();
        assert_eq!(response.body(), "nobody");
        assert!(set_cookie(&response).starts_with("sessionid=\"\"; "));
        assert_eq!(site.django.ask(json!(["session_load", "db", key])), json!({}));
        let response = get(&pages, "/", Some(&key)).await.unwrap();
        assert!(
            set_cookie(&response).contains("Max-Age=0"),
            "a dead key is forgotten"
        );
        site.database.close().await;
    }
}

/// Says who it talks to, and counts in the session.
struct Counts;

impl JsonConsumer for Counts {
    type Receive = String;
    type Event = ();

    async fn receive_json(&mut self, ctx: &mut Context, content: String) -> Result<()> {
        let extensions = &ctx.scope().extensions;
        let session = extensions.get::<SessionHandle>().expect("a session layer");
        match content.as_str() {
            "count" => {
                let mut session = session.lock().await?;
                let count = session.get::<u64>("count").unwrap_or(0) + 1;
                session.insert("count", count)?;
            }
            "save" => drop(session.save().await?),
            "logout" => {
                logout(extensions).await?;
                session.save().await?;
            }
            _ => {}
        }
        let user = get_user(extensions).await?.map(|user| user.username);
        ctx.send_json(&user).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_has_djangos_user_and_saves_the_session_when_it_says_so() {
    let mut site = Site::new(DjangoVersion::V5_2).await;
    let key = site
        .django
        .ask_text(json!(["login", "db", "ada", "correct horse"]));
    let layer = Layer::new(MemoryLayer::new());
    let application = site.wrap(as_application(layer, |_| Ok(Counts)));
    let request = Request::get("/").header("cookie", format!("sessionid={key}"));
    let request = request.body(()).unwrap();
    let mut browser =
        WebsocketCommunicator::with_request(application, request).timeout(Duration::from_secs(20));
    browser.connect().await.unwrap();
    let count = |django: &mut Django| django.ask(json!(["session_load", "db", key]))["count"].clone();
    for (word, name, counted) in [
        ("who", json!("ada"), Value::Null),
        ("count", json!("ada"), Value::Null),
        ("save", json!("ada"), json!(1)),
        ("count", json!("ada"), json!(1)),
        ("logout", Value::Null, Value::Null),
    ] {
        browser.send_json(&word).await.unwrap();
        assert_eq!(browser.receive_json().await.unwrap(), name, "{word}");
        assert_eq!(count(&mut site.django), counted, "{word}");
    }
    assert_eq!(site.django.ask(json!(["session_user", "db", key])), Value::Null);
    browser.disconnect(1000).await.unwrap();
    site.database.close().await;
}

/// A store that answers as it is told.
#[derive(Clone, Copy)]
enum Broken {
    Ended,
    Fails,
    Hangs,
}

impl SessionStore for Broken {
    async fn load(&self, _: &SessionKey) -> std::result::Result<Option<Data>, SessionError> {
        Ok(Some(Data::new()))
    }

    async fn save(
        &self,
        _: &SessionKey,
        _: &Data,
        _: Duration,
        _: Save,
    ) -> std::result::Result<Saved, SessionError> {
        match self {
            Self::Ended => Ok(Saved::No),
            Self::Fails => Err(SessionError::Store("disk full".into())),
            Self::Hangs => std::future::pending().await,
        }
    }

    async fn delete(&self, _: &SessionKey) -> std::result::Result<(), SessionError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_fails_is_no_response_as_if_nothing_was() {
    let changes = app_fn(|connection: Connection| async move {
        let session = connection
            .scope
            .extensions()
            .get::<SessionHandle>()
            .expect("a session layer");
        session.lock().await?.insert("a", 1)?;
        let response = Box::new(Response::new(Body::from("done")));
        Ok::<_, AppError>(connection.send.send(Command::HttpResponse(response)).await?)
    });
    let key = SessionKey::generate();
    let answer = async |store: Broken| {
        let sessions = Sessions::new(store, Expiry::default());
        let layer = SessionLayer::new(sessions, SessionCookie::default());
        get(&layer.layer(changes), "/", Some(key.as_str())).await
    };
    let response = answer(Broken::Ended).await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    for (store, expected) in [
        (Broken::Fails, "the session store failed: disk full"),
        (Broken::Hangs, "the session is not stored in 10 seconds"),
    ] {
        let error = answer(store).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_missing_layer_is_named() {
    let asks = app_fn(|connection: Connection| async move {
        get_user(connection.scope.extensions()).await?;
        Ok::<_, AppError>(())
    });
    let error = get(&asks, "/", None).await.unwrap_err().to_string();
    assert!(
        error.contains("the scope has no AuthLayer: put one around"),
        "{error}"
    );
}
