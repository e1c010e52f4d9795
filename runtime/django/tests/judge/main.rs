//! Django 4.2 and 5.2 as judges: what either side writes, the other one reads.
#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

mod csrf;
mod django;
mod logins;
#[cfg(feature = "middleware")]
mod middleware;
mod passwords;
mod places;
mod sessions;
mod signing;
mod validators;
