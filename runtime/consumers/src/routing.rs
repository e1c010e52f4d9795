//! URL routing, as in Channels.

mod converter;
mod pattern;
mod url_router;

pub use converter::Converter;
pub use pattern::PatternError;
pub use url_router::{Route, URLRouter, UrlArguments, UrlRoute, path, re_path};

pub(crate) use url_router::not_found;
