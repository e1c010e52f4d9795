//! The chat's pages in headless Chromium.
//!
//! - `window`: somebody's browser; `deployment`: what they visit; `network`: what is between the two
//! - `story`: from the first account to the last message, on each kind of deployment
//! - `guests`, `open_rooms`: who has no account, and one room with a Django site
//! - `pages`: that every page can be read and used; `screenshots`: the pictures of the README

mod deployment;
mod guests;
mod network;
mod open_rooms;
mod pages;
mod screenshots;
mod story;
mod window;
