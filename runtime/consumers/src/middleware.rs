//! Middleware around applications, as tower layers: `layer.layer(application)` (the trait is `tower_layer::Layer`).
//!
//! # Layout
//! - [`cookies`]: [`CookieLayer`] and the [`Cookies`] it leaves
//! - [`origin`]: [`OriginValidator`], which refuses WebSockets of strangers' pages
//! - [`allowed_hosts`]: the same by `ALLOWED_HOSTS`
//! - `pattern`: which origins a pattern means

pub mod allowed_hosts;
pub mod cookies;
pub mod origin;
mod pattern;

pub use allowed_hosts::AllowedHostsOriginValidator;
pub use cookies::{CookieLayer, Cookies};
pub use origin::OriginValidator;
