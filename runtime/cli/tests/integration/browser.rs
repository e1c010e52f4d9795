//! The chat's pages in headless Chromium.
//!
//! - [`window`]: somebody's browser; [`deployment`]: what they visit; [`network`]: what is between the two
//! - `story`: from the first account to the last message, on each kind of deployment
//! - `guests`: the open rooms; `open_rooms`: one room with a Django site

mod deployment;
mod guests;
mod network;
mod open_rooms;
mod story;
mod window;
