//! A chat on a database of its own, its users, and their windows.

use std::time::Duration;

use laureola::asgi::Application;
use laureola::consumers::testing::{CommunicatorError, WebsocketCommunicator};
use laureola::{GroupName, Layer, MemoryLayer, Plugins, ProtocolTypeRouter};
use laureola_chat::store::{Room, Store};
use laureola_chat::{Chat, ChatOptions};
use laureola_django::Secrets;
use laureola_django::auth::{Auth, NewUser, Users};
use laureola_django::hashers::{PasswordPool, Passwords};
use laureola_django::session::database::DatabaseStore;
use laureola_django::session::{Session, Sessions};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Deadline of whatever should take no time on a machine that is busy with other tests.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// Nothing may arrive within this time.
pub(crate) const QUIET: Duration = Duration::from_millis(30);

const SECRET: &str = "a key for tests";

/// A running chat.
pub(crate) struct Site {
    pub(crate) layer: Layer,
    pub(crate) store: Store,
    pub(crate) application: ProtocolTypeRouter,
    plugins: Plugins,
    _dir: TempDir,
}

/// Options for a database in a directory.
pub(crate) fn options(dir: &TempDir) -> ChatOptions {
    ChatOptions {
        database_url: format!("sqlite://{}", dir.path().join("chat.sqlite3").display()),
        secret_key: Some(SECRET.to_owned()),
        ..ChatOptions::default()
    }
}

impl Site {
    /// A chat on SQLite and memory.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same with other options.
    pub(crate) async fn start_with(change: impl FnOnce(&mut ChatOptions)) -> Self {
        Self::start_on(Layer::new(MemoryLayer::new()), change).await
    }

    /// The same on a layer that others have, too.
    pub(crate) async fn start_on(layer: Layer, change: impl FnOnce(&mut ChatOptions)) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let mut options = options(&dir);
        change(&mut options);
        let url = options.database_url.clone();
        let plugins = Plugins::new().with(Chat::new(options));
        let application = plugins.application(&layer).expect("the chat registers");
        plugins.startup().await.expect("the chat starts");
        Self {
            layer,
            store: Store::open(&url).await.expect("the chat's database"),
            application,
            plugins,
            _dir: dir,
        }
    }

    pub(crate) async fn stop(&self) {
        self.plugins.shutdown().await;
    }

    /// A room for people with accounts.
    pub(crate) async fn room(&self, name: &str) -> Room {
        self.store.create_room(name, None).await.expect("created")
    }

    /// A user who is logged in: the cookie.
    pub(crate) async fn user(&self, username: &str) -> String {
        let users = Users::new(self.store.database().clone(), Default::default());
        let user = NewUser {
            username,
            password: "!unusable",
            email: "",
            is_superuser: false,
        };
        users.create(user).await.expect("created").expect("a free name");
        let user = users.by_name(username).await.expect("read").expect("there");
        let secrets = Secrets::new(SECRET);
        let sessions = DatabaseStore::new(secrets.clone(), self.store.database().clone());
        let sessions = Sessions::new(sessions, Default::default());
        let auth = Auth::new(secrets, users, PasswordPool::new(Passwords::default()));
        let mut session = Session::new();
        auth.login(&mut session, &user).await.expect("logged in");
        sessions.commit(&mut session).await.expect("stored");
        format!("sessionid={}", session.key().expect("a key").as_str())
    }

    /// A window that has asked for a socket.
    pub(crate) fn ask(&self, target: &str, headers: &[(&str, &str)]) -> Window {
        Window::ask(self.application.clone(), target, headers)
    }

    /// A user's window in a room.
    pub(crate) async fn join(&self, target: &str, cookie: &str) -> Window {
        let mut window = self.ask(target, &[("cookie", cookie)]);
        window.connect().await.expect("accepted");
        window
    }

    /// A guest's window in an open room.
    pub(crate) async fn guest(&self, target: &str) -> Window {
        self.join(&format!("/ws/chat/{target}"), "").await
    }

    /// What others send to a room's group.
    pub(crate) async fn send_to_group(&self, group: &str, event: Value) {
        let group = GroupName::new(group).expect("a valid name");
        self.layer.group_send(&group, &event).await.expect("sent");
    }
}

/// A browser's window.
pub(crate) struct Window(WebsocketCommunicator);

impl Window {
    fn ask(application: impl Application, target: &str, headers: &[(&str, &str)]) -> Self {
        let mut request = http::Request::get(target).header("host", "testserver");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a valid request");
        Self(WebsocketCommunicator::with_request(application, request).timeout(SOON))
    }

    pub(crate) async fn connect(&mut self) -> Result<(), CommunicatorError> {
        self.0.connect().await.map(drop)
    }

    /// The status of the denial.
    pub(crate) async fn denied(&mut self) -> u16 {
        match self.connect().await {
            Err(CommunicatorError::Denied(status)) => status.as_u16(),
            other => panic!("not denied: {other:?}"),
        }
    }

    pub(crate) async fn send(&mut self, content: Value) {
        self.0.send_json(&content).await.expect("sent");
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.0.send_text(text).await.expect("sent");
    }

    pub(crate) async fn send_bytes(&mut self, bytes: &'static str) {
        self.0.send_bytes(bytes).await.expect("sent");
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.send(json!({ "message": text })).await;
    }

    /// The next object with this key; what comes before it is passed over.
    pub(crate) async fn next(&mut self, key: &str) -> Value {
        loop {
            let content = self.0.receive_json().await;
            let content = content.unwrap_or_else(|error| panic!("{key:?} does not come: {error}"));
            if content.get(key).is_some() {
                return content;
            }
        }
    }

    pub(crate) async fn hears(&mut self, username: &str, message: &str) -> Value {
        let heard = self.next("message").await;
        assert_eq!(
            (&heard["username"], &heard["message"]),
            (&json!(username), &json!(message))
        );
        heard
    }

    /// Everything it was sent when it came: the history, and who is there.
    pub(crate) async fn arrived(&mut self) -> (Value, Value) {
        (self.next("history").await, self.next("users").await)
    }

    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            match self.0.receive_close().await {
                Ok((code, _)) => return code,
                Err(CommunicatorError::Unexpected { .. }) => {}
                Err(error) => panic!("not closed: {error}"),
            }
        }
    }

    pub(crate) async fn is_quiet(&mut self) -> bool {
        self.0.receive_nothing(QUIET).await
    }

    pub(crate) async fn leave(self) {
        self.0.disconnect(1000).await.expect("a clean end");
    }
}

/// The texts of a list of messages.
pub(crate) fn texts(entries: &Value) -> Vec<String> {
    let entries = entries.as_array().expect("a list");
    let text = |entry: &Value| entry["message"].as_str().expect("a text").to_owned();
    entries.iter().map(text).collect()
}
