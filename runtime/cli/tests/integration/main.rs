//! The `laureola` command on real parts: Redis, Django Channels under Daphne, Chromium.

mod browser;
mod command;
mod daphne;
mod durability;
mod layer;
mod observe;
mod one_chat;
mod python_member;
mod server;
mod systemd;
mod workers;
