//! URL routing, as in Channels.
//!
//! # Layout
//! - [`url_router`]: [`URLRouter`] and its routes
//! - [`url_route`]: the arguments that were found
//! - [`converter`]: Django's path converters, and one's own
//! - `pattern`: a pattern, compiled

pub mod converter;
mod pattern;
pub mod url_route;
pub mod url_router;

pub use converter::{Converter, Converters};
pub use pattern::PatternError;
pub use url_route::{UrlArguments, UrlRoute};
pub use url_router::{Route, URLRouter, include, path, path_with, re_path};

pub(crate) use url_router::not_found;
