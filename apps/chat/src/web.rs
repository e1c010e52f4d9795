//! What a browser loads.
//!
//! # Layout
//! - [`visit`]: one request: its session, user and form, and the cookies of its answer
//! - [`form`]: what was filled in
//! - `pages`: `/` and the open rooms; `accounts`: signup, login, logout; `rooms`: the rooms for people with accounts;
//!   `admin`: the staff's pages; `assets`: what they load
//! - [`throttle`]: how often somebody may try a password
//! - `view`: what all pages show

mod accounts;
mod admin;
mod assets;
mod form;
mod pages;
mod rooms;
mod throttle;
mod view;
mod visit;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use laureola::consumers::routing::Route;
use laureola::{TowerApp, path};
use tokio::time::timeout;

use self::throttle::Throttle;
use crate::plugin::Handle;

/// Nothing but what we serve ourselves: no inline script runs, even if markup got into a page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const PAGE_HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "private, no-cache"),
    (header::VARY, "Cookie"),
];

/// How long a page may take. A database that is locked or refuses connections says so sooner; one behind a network that
/// swallows everything never does.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the pages share.
#[derive(Clone)]
struct Web {
    handle: Handle,
    throttle: Arc<Throttle>,
}

/// The HTTP routes of the chat. Each is exact, so that what else begins with `/chat/` stays free
/// for other applications of the server.
pub(crate) fn routes(handle: &Handle) -> impl Iterator<Item = Route> {
    let web = Web {
        handle: handle.clone(),
        throttle: Arc::default(),
    };
    let pages: [(_, MethodRouter<Web>); 17] = [
        ("", get(pages::index)),
        ("chat/", get(pages::enter)),
        ("chat/<room_name>", get(pages::add_slash)),
        ("chat/<room_name>/", get(pages::room)),
        ("signup/", get(accounts::signup_form).post(accounts::signup)),
        ("login/", get(accounts::login_form).post(accounts::login)),
        ("logout/", post(accounts::logout)),
        ("rooms/", get(rooms::list)),
        ("rooms/<slug:slug>", get(rooms::add_slash)),
        ("rooms/<slug:slug>/", get(rooms::room)),
        ("admin/", get(admin::rooms)),
        ("admin/users/", get(admin::users)),
        ("admin/rooms/", post(admin::create)),
        ("admin/rooms/<slug:slug>/", get(admin::messages)),
        ("admin/rooms/<slug:slug>/rename/", post(admin::rename)),
        ("admin/rooms/<slug:slug>/delete/", post(admin::delete)),
        (
            "admin/rooms/<slug:slug>/messages/<int:id>/delete/",
            post(admin::delete_message),
        ),
    ];
    let pages = pages.into_iter().map(move |(pattern, handler)| {
        let handler: MethodRouter<Web> = handler
            .layer(from_fn(in_time))
            .layer(map_response(with_page_headers));
        path(pattern, TowerApp(handler.with_state(web.clone())))
    });
    let files: MethodRouter = get(assets::file);
    pages.chain([path("static/chat/<file>", TowerApp(files))])
}

async fn in_time(request: Request, next: Next) -> Response {
    let late = |_| view::failed(sqlx::Error::PoolTimedOut);
    timeout(PATIENCE, next.run(request)).await.unwrap_or_else(late)
}

async fn with_page_headers(mut response: Response) -> Response {
    for (name, value) in PAGE_HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
