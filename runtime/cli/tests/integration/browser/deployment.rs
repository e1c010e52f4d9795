//! What people visit: one server with SQLite, or two with PostgreSQL and Redis.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use laureola_chat::manage::{Management, Person};
use laureola_chat::store::{NewMessage, Store};
use laureola_django::auth::{NewUser, Users};
use laureola_testkit::{Postgres, RedisServer, free_port, wait_until};
use tempfile::TempDir;

use super::window::PASSWORD;
use crate::server::{Command, SOON, command};

/// A site with a superuser `root`.
pub(crate) struct Deployment {
    servers: Vec<Command>,
    ports: Vec<u16>,
    args: Vec<String>,
    pub(crate) database_url: String,
    _place: TempDir,
    _postgres: Option<Postgres>,
    _redis: Option<RedisServer>,
}

impl Deployment {
    /// One server with SQLite, which keeps everything else in its memory.
    pub(crate) async fn small() -> Self {
        Self::start(1, None, None).await
    }

    /// Two servers that share PostgreSQL and Redis.
    pub(crate) async fn large() -> Self {
        Self::start(2, Some(Postgres::start()), Some(RedisServer::start())).await
    }

    async fn start(servers: usize, postgres: Option<Postgres>, redis: Option<RedisServer>) -> Self {
        let place = tempfile::tempdir().expect("a directory");
        let file = place.path().join("chat.sqlite3");
        let database_url = match &postgres {
            Some(postgres) => postgres.url(),
            None => format!("sqlite://{}", file.display()),
        };
        let management = Management::open(&database_url).await.expect("a database");
        let root = Person {
            username: "root",
            password: PASSWORD,
            is_superuser: true,
            ..Person::default()
        };
        management.create_user(root).await.expect("a superuser");
        management.close().await;
        let mut args = vec![
            "--secret-key".to_owned(),
            "a key for tests".to_owned(),
            "--database-url".to_owned(),
            database_url.clone(),
        ];
        if let Some(redis) = &redis {
            args.extend(["--channel-layer".to_owned(), redis.url()]);
        }
        let mut site = Self {
            servers: Vec::new(),
            ports: (0..servers).map(|_| free_port()).collect(),
            args,
            database_url,
            _place: place,
            _postgres: postgres,
            _redis: redis,
        };
        site.launch();
        site
    }

    fn launch(&mut self) {
        for port in &self.ports {
            let port = port.to_string();
            let mut args = vec!["--port", &port];
            args.extend(self.args.iter().map(String::as_str));
            self.servers.push(command(&args));
        }
        for server in &mut self.servers {
            wait_until("laureola listens", SOON, || {
                assert!(server.exit_status().is_none(), "{}", server.output());
                server.stderr().contains("listens on")
            });
        }
    }

    /// Ends all servers, and starts them again where they were.
    pub(crate) fn restart(&mut self) {
        for server in &mut self.servers {
            server.terminate();
        }
        for mut server in self.servers.drain(..) {
            let status = server.wait_exit(SOON);
            assert!(status.success(), "{}", server.output());
        }
        self.launch();
    }

    /// The first server's port.
    pub(crate) fn first(&self) -> u16 {
        self.ports[0]
    }

    /// The port of the last, which is the first where there is one.
    pub(crate) fn last(&self) -> u16 {
        self.ports[self.ports.len() - 1]
    }

    /// Makes the room `general` with a conversation of this morning, and two more rooms.
    pub(crate) async fn conversation(&self) {
        let store = self.store().await;
        let users = Users::new(store.database().clone(), Default::default());
        let mut people = Vec::new();
        for username in ["ada", "bob"] {
            let user = NewUser {
                username,
                password: "!unusable",
                email: "",
                is_superuser: false,
            };
            people.push(users.create(user).await.expect("created").expect("free"));
        }
        let room = store.create_room("General", None).await.expect("created").id;
        for name in ["Tea & biscuits", "Release 1.0"] {
            store.create_room(name, None).await.expect("created");
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let midnight = UNIX_EPOCH + Duration::from_secs(since.as_secs() / 86_400 * 86_400);
        let lines = [
            (0, "Good morning! Who has seen <b>the minutes</b> of yesterday?"),
            (
                1,
                "They are in the shared folder. I put the numbers of the second quarter behind them, since we did not get to \
                 that point any more.",
            ),
            (0, "Thank you :-)\nAnd the cups?"),
        ];
        let messages = lines.iter().zip(1..).map(|((who, text), minute)| NewMessage {
            room,
            user: people[*who],
            content: (*text).to_owned(),
            at: midnight + Duration::from_secs(9 * 3600 + minute * 120),
            again_after: None,
        });
        store.insert(&messages.collect::<Vec<_>>()).await.expect("stored");
        store.close().await;
    }

    pub(crate) async fn store(&self) -> Store {
        Store::open(&self.database_url).await.expect("the database")
    }
}
