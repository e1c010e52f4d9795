//! The chat on a database, its pages and its sockets.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use laureola::asgi::exchange;
use laureola::consumers::testing::{CommunicatorError, WebsocketCommunicator};
use laureola::{Application, Layer, MemoryLayer, Plugins, ProtocolTypeRouter};
use laureola_chat::{Chat, ChatOptions};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::project::SECRET;

const SOON: Duration = Duration::from_secs(20);
/// Nothing may arrive within this time.
const QUIET: Duration = Duration::from_millis(30);
/// A CSRF secret, as the cookie has it; it is a form's token as well.
const CSRF: &str = "abcdefghijklmnopqrstuvwxyzABCDEF";

pub(crate) struct Site {
    application: ProtocolTypeRouter,
    plugins: Plugins,
}

impl Site {
    pub(crate) async fn start(url: &str) -> Self {
        let plugins = Plugins::new().with(Chat::new(ChatOptions {
            database_url: url.to_owned(),
            secret_key: Some(SECRET.to_owned()),
            ..ChatOptions::default()
        }));
        let application = plugins.application(&Layer::new(MemoryLayer::new()));
        let application = application.expect("the chat registers");
        plugins.startup().await.expect("the chat starts");
        Self { application, plugins }
    }

    pub(crate) async fn stop(self) {
        self.plugins.shutdown().await;
    }

    /// A page for the session's user.
    pub(crate) async fn get(&self, path: &str, session: &str) -> (StatusCode, String) {
        let request = Request::get(path).header(header::HOST, "chat.example");
        let request = request.header(header::COOKIE, format!("sessionid={session}"));
        let response = self.ask(request.body(Body::empty()).expect("valid")).await;
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
        (status, String::from_utf8(body.into()).expect("a text"))
    }

    /// Submits a form; it has to lead to another page. The session's key afterwards, if there is a new one.
    pub(crate) async fn post(&self, path: &str, session: &str, fields: &[(&str, &str)]) -> Option<String> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields).append_pair("csrfmiddlewaretoken", CSRF);
        let request = Request::post(path)
            .header(header::HOST, "chat.example")
            .header(header::ORIGIN, "http://chat.example")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, format!("sessionid={session}; csrftoken={CSRF}"));
        let response = self
            .ask(request.body(Body::from(form.finish())).expect("valid"))
            .await;
        assert_eq!(response.status(), 303, "{path} {fields:?}");
        let cookies = response.headers().get_all(header::SET_COOKIE).into_iter();
        let key = |cookie: &str| {
            cookie
                .strip_prefix("sessionid=")?
                .split(';')
                .next()
                .map(str::to_owned)
        };
        cookies.filter_map(|cookie| cookie.to_str().ok()).find_map(key)
    }

    async fn ask(&self, request: Request<Body>) -> Response<Body> {
        let (connection, response, outcome) = exchange::open(request);
        outcome.finish(&self.application.call(connection).await);
        response.await.map(Body::new)
    }

    /// A socket of the session's user.
    pub(crate) async fn join(&self, path: &str, session: &str) -> Socket {
        let mut socket = self.socket(path, session);
        socket.connect().await.expect("accepted");
        Socket(socket)
    }

    /// The status with which a socket is denied.
    pub(crate) async fn denied(&self, path: &str, session: &str) -> u16 {
        match self.socket(path, session).connect().await {
            Err(CommunicatorError::Denied(status)) => status.as_u16(),
            other => panic!("not denied: {other:?}"),
        }
    }

    fn socket(&self, path: &str, session: &str) -> WebsocketCommunicator {
        let request = Request::get(path).header("host", "chat.example");
        let request = request
            .header("cookie", format!("sessionid={session}"))
            .body(())
            .expect("valid");
        WebsocketCommunicator::with_request(self.application.clone(), request).timeout(SOON)
    }
}

pub(crate) struct Socket(WebsocketCommunicator);

impl Socket {
    /// The next object with this key.
    pub(crate) async fn next(&mut self, key: &str) -> Value {
        loop {
            let content = self
                .0
                .receive_json()
                .await
                .unwrap_or_else(|error| panic!("{key}: {error}"));
            if content.get(key).is_some() {
                return content;
            }
        }
    }

    /// Says something, and returns its key once it is stored.
    pub(crate) async fn say(&mut self, text: &str) -> i64 {
        self.send(text).await;
        self.next("ack").await["id"].as_i64().expect("a key")
    }

    /// Says something, which is answered by its own name.
    pub(crate) async fn send(&mut self, text: &str) {
        self.0
            .send_json(&json!({ "message": text, "id": text }))
            .await
            .expect("sent");
    }

    /// Whether no object with this key has come.
    pub(crate) async fn is_quiet_about(&mut self, key: &str) -> bool {
        while let Ok(content) = timeout(QUIET, self.0.receive_json()).await {
            let content = content.expect("an object");
            if content.get(key).is_some() {
                return false;
            }
        }
        true
    }
}
