//! What the chat answers to HTTP requests, through the application a server runs.

mod accounts;
mod admin;
mod assets;
mod browser;
mod forgery;
mod manage;
mod open;
