//! Real parts for tests: a Redis-compatible server, a Django Channels site under Daphne, raw clients.
//!
//! Nothing here is a mock, and nothing is skipped: a peer that is missing fails the test with a message that names
//! `cargo xtask peers`. The API blocks and uses only the standard library, so that any test can use it; in an
//! async test on a multi-thread runtime, start things before the first `await` or in `spawn_blocking`.
//! Whatever is started ends with the value that owns it. The functions panic instead of returning errors:
//! in a test that is what one wants.
//!
//! # Map
//! * [`peers`]: where Python, Redis, Chromium and its driver are ([`python()`]).
//! * [`process`]: [`Process`], a child with a name, its output, signals, and a deadline for its end.
//! * [`redis_server`], [`resp`]: [`RedisServer`], one per test, and a small client for assertions.
//! * [`django_site`]: [`DjangoSite`], the chat of `examples/django_project` under Daphne.
//! * [`raw_http`], [`http`]: [`RawHttp`], a client that sends the very bytes it is given, and what it reads.
//! * [`websocket`]: [`WebSocket`], a client that does only what the test says.
//! * [`browser`]: [`ChromeDriver`], a headless Chromium.
//! * [`port`], [`wait`], [`memory`]: [`free_port`], [`wait_until`], [`rss_bytes`].
//!
//! # Example
//! ```
//! use laureola_testkit::{RedisServer, RespValue};
//!
//! let redis = RedisServer::start();
//! redis.command(&["ZADD", "asgi:group:chat", "1", "specific.a!b"]);
//! assert_eq!(redis.command(&["ZCARD", "asgi:group:chat"]), RespValue::Integer(1));
//! ```

pub mod browser;
pub mod django_site;
pub mod http;
pub mod memory;
pub mod peers;
pub mod port;
pub mod postgres;
pub mod process;
pub mod raw_http;
pub mod redis_server;
pub mod resp;
mod stream;
pub mod wait;
pub mod websocket;

pub use browser::ChromeDriver;
pub use django_site::DjangoSite;
pub use http::HttpResponse;
pub use memory::rss_bytes;
pub use peers::{
    DjangoVersion, chromedriver, chromium, curl, postgres_bin, python, redis_binary, tls_redis_binary,
};
pub use port::free_port;
pub use postgres::Postgres;
pub use process::Process;
pub use raw_http::RawHttp;
pub use redis_server::RedisServer;
pub use resp::{RespClient, RespValue};
pub use wait::wait_until;
pub use websocket::{Frame, Received, WebSocket};
