//! What a browser loads.

mod assets;
mod pages;

use std::convert::Infallible;

use axum::http::header::{self, HeaderName, HeaderValue};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use laureola::consumers::routing::Route;
use laureola::{TowerApp, path};

/// Nothing but what we serve ourselves: no inline script runs, even if markup got into a page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const PAGE_HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-cache"),
];

/// The HTTP routes of the chat. Each is exact, so that what else begins with `/chat/` stays free
/// for other applications of the server.
pub(crate) fn routes() -> impl Iterator<Item = Route> {
    let page = |handler: MethodRouter| handler.layer(map_response(with_page_headers));
    [
        ("", page(get(pages::index))),
        ("chat/", page(get(pages::enter))),
        ("chat/<room_name>", page(get(pages::add_slash))),
        ("chat/<room_name>/", page(get(pages::room))),
        ("static/chat/<file>", get(assets::file)),
    ]
    .into_iter()
    .map(|(pattern, handler): (_, MethodRouter<(), Infallible>)| path(pattern, TowerApp(handler)))
}

async fn with_page_headers(mut response: Response) -> Response {
    for (name, value) in PAGE_HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
