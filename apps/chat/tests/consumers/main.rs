//! The consumers, through the application a server runs: on SQLite and memory, and on PostgreSQL and Redis.

mod accounts;
mod history;
mod people;
mod refusals;
mod rooms;
mod sessions;
mod site;
mod slow_database;
mod store;
mod two_servers;
