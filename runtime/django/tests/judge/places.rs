//! Where both sides keep their sessions and users.

use laureola_django::Database;
use laureola_testkit::{Postgres, RedisServer};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A database both sides open.
pub(crate) enum Place {
    Sqlite(TempDir),
    Postgres(Postgres),
}

impl Place {
    pub(crate) fn both() -> [Self; 2] {
        [
            Self::Sqlite(TempDir::new().unwrap()),
            Self::Postgres(Postgres::start()),
        ]
    }

    pub(crate) async fn open(&self) -> Database {
        let url = match self {
            Self::Sqlite(dir) => format!("sqlite://{}", dir.path().join("site.sqlite3").display()),
            Self::Postgres(server) => server.url(),
        };
        Database::open(&url).await.expect("the database opens")
    }

    /// Django's `DATABASES["default"]`.
    pub(crate) fn settings(&self) -> Value {
        match self {
            Self::Sqlite(dir) => {
                json!({"ENGINE": "django.db.backends.sqlite3", "NAME": dir.path().join("site.sqlite3")})
            }
            Self::Postgres(server) => json!({
                "ENGINE": "django.db.backends.postgresql",
                "NAME": server.database(),
                "USER": server.user(),
                "HOST": "127.0.0.1",
                "PORT": server.port(),
            }),
        }
    }
}

/// A connection to Redis as our cache takes it.
pub(crate) async fn connect(redis: &RedisServer) -> redis::aio::ConnectionManager {
    let client = redis::Client::open(redis.url()).expect("a URL");
    client.get_connection_manager().await.expect("Redis answers")
}
