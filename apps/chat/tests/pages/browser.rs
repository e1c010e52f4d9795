//! A running chat, and browsers that keep cookies.

use std::collections::HashMap;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use laureola::asgi::exchange;
use laureola::asgi::scope::Ends;
use laureola::plugin::Plugin as _;
use laureola::{Application, Layer, MemoryLayer, Plugins};
use laureola_chat::store::Store;
use laureola_chat::{Chat, ChatOptions};
use laureola_django::auth::{NewUser, Users};
use laureola_django::hashers::Passwords;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: header::HeaderName) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("a text"))
    }

    pub(crate) fn set_cookie(&self, name: &str) -> &str {
        let cookies = self.headers.get_all(header::SET_COOKIE).into_iter();
        let mut texts = cookies.map(|value| value.to_str().expect("a text"));
        let found = texts.find(|text| text.starts_with(&format!("{name}=")));
        found.unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn leads_to(&self, location: &str) {
        assert_eq!(self.status, 303, "{}", self.body);
        assert_eq!(self.header(header::LOCATION), location);
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) {
        assert!(self.body.contains(words), "no {words:?} in {}", self.body);
    }
}

pub(crate) struct Site {
    application: Box<dyn Fn(Request<Body>) -> Answering + Send + Sync>,
    pub(crate) store: Store,
    pub(crate) url: String,
    _chat: Chat,
    _dir: tempfile::TempDir,
}

type Answering = std::pin::Pin<Box<dyn Future<Output = Answer> + Send>>;

impl Site {
    /// A site with an empty database of its own.
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let url = format!("sqlite://{}", dir.path().join("chat.sqlite3").display());
        let options = ChatOptions {
            database_url: url.clone(),
            ..ChatOptions::default()
        };
        let chat = Chat::new(options);
        let plugins = Plugins::new().with(chat.clone());
        let application = plugins.application(&Layer::new(MemoryLayer::new()));
        let application = application.expect("the chat registers");
        chat.startup().await.expect("the chat starts");
        let store = Store::open(&url).await.expect("the chat's database");
        let application = std::sync::Arc::new(application);
        let ask = move |request| -> Answering {
            let application = std::sync::Arc::clone(&application);
            Box::pin(async move { answer(&*application, request).await })
        };
        Self {
            application: Box::new(ask),
            store,
            url,
            _chat: chat,
            _dir: dir,
        }
    }

    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        (self.application)(request).await
    }

    /// Somebody with an account.
    pub(crate) async fn user(&self, username: &str, is_superuser: bool) {
        let password = Passwords::default().make(PASSWORD);
        let user = NewUser {
            username,
            password: &password,
            email: "",
            is_superuser,
        };
        let users = Users::new(self.store.database().clone(), Default::default());
        users.create(user).await.expect("created").expect("a free name");
    }
}

pub(crate) async fn answer(application: &impl Application, request: Request<Body>) -> Answer {
    let (connection, response, outcome) = exchange::open(request);
    outcome.finish(&application.call(connection).await);
    let (parts, body) = response.await.into_parts();
    let body = to_bytes(Body::new(body), 1 << 20).await.expect("a body");
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(body.into()).expect("a text"),
    }
}

/// Keeps cookies, and fills in forms.
pub(crate) struct Browser<'a> {
    site: &'a Site,
    pub(crate) cookies: HashMap<String, String>,
    pub(crate) secure: bool,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(site: &'a Site) -> Self {
        let cookies = HashMap::new();
        Self {
            site,
            cookies,
            secure: false,
        }
    }

    pub(crate) async fn get(&mut self, target: &str) -> Answer {
        let request = self.request(Method::GET, target);
        self.send(request.body(Body::empty()).expect("valid")).await
    }

    /// Loads the page `from`, takes its token, and posts the form to `target`.
    pub(crate) async fn submit(&mut self, from: &str, target: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get(from).await;
        let token = token(&page.body);
        self.post(target, &[fields, &[("csrfmiddlewaretoken", &token)]].concat())
            .await
    }

    pub(crate) async fn post(&mut self, target: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, target);
        let request = request.header(
            header::ORIGIN,
            if self.secure {
                "https://chat.example"
            } else {
                "http://chat.example"
            },
        );
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(encoded(fields)).expect("valid")).await
    }

    pub(crate) fn request(&self, method: Method, target: &str) -> axum::http::request::Builder {
        let mut request = Request::builder().method(method).uri(target);
        request = request.header(header::HOST, "chat.example");
        if !self.cookies.is_empty() {
            let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            request = request.header(header::COOKIE, pairs.collect::<Vec<_>>().join("; "));
        }
        let ends = Ends {
            client: Some(
                "192.0.2.7:5000"
                    .parse::<std::net::SocketAddr>()
                    .expect("an address")
                    .into(),
            ),
            secure: self.secure,
            ..Ends::default()
        };
        request.extension(ends)
    }

    pub(crate) async fn send(&mut self, request: Request<Body>) -> Answer {
        let answer = self.site.ask(request).await;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("a text");
            let (name, rest) = cookie.split_once('=').expect("a cookie");
            let value = rest.split(';').next().expect("a value");
            if rest.contains("Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub(crate) async fn log_in(&mut self, username: &str) {
        let fields = [("username", username), ("password", PASSWORD)];
        self.submit("/login/", "/login/", &fields)
            .await
            .leads_to("/rooms/");
    }
}

pub(crate) fn encoded(fields: &[(&str, &str)]) -> Body {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    Body::from(form.finish())
}

/// The token of a page's first form.
#[track_caller]
pub(crate) fn token(page: &str) -> String {
    let behind = page.split_once("name=\"csrfmiddlewaretoken\" value=\"");
    let token = behind.and_then(|(_, rest)| rest.split('"').next());
    token.unwrap_or_else(|| panic!("no token in {page}")).to_owned()
}
