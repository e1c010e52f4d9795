//! The `laureola` command on real parts: Redis, Django Channels under Daphne, Chromium.

mod browser;
mod command;
mod one_chat;
mod server;
