//! Django's sessions, users, passwords, signatures and CSRF tokens, in Django's own formats.
//!
//! Either side, Rust or Django (4.2 and 5.2), reads what the other wrote: a user logs in on one and is logged in on both.
//!
//! # Layout
//! - [`Secrets`]: `SECRET_KEY` and its fallbacks
//! - [`signing`]: signed texts and values (`django.core.signing`)
//! - [`hashers`]: passwords, and the pool of threads they are hashed on
//! - [`session`]: sessions in every backend of Django's
//! - [`auth`]: users, `login`, `logout`, `get_user`
//! - [`validators`]: what is asked of new usernames and passwords
//! - [`csrf`]: secrets, tokens and trusted origins
//! - `middleware` (feature): sessions and users in the scope of connections
//! - [`database`], [`schema`]: the database all this stands in, and its tables
//! - `random`, `ascii_json`: random texts, and JSON in ASCII

mod ascii_json;
pub mod auth;
pub mod csrf;
pub mod database;
pub mod hashers;
#[cfg(feature = "middleware")]
pub mod middleware;
mod random;
pub mod schema;
mod secrets;
pub mod session;
pub mod signing;
pub mod validators;

pub use database::Database;
pub use secrets::Secrets;
