//! The pages.

use askama::Template;
use axum::Extension;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use laureola::consumers::routing::UrlRoute;

use crate::consumer::MAX_MESSAGE;
use crate::guest::{DEFAULT_GUEST_NAME, MAX_GUEST_NAME};
use crate::query;
use crate::room::{MAX_ROOM_NAME, RoomName};

#[derive(Template)]
#[template(path = "index.html")]
struct Index;

#[derive(Template)]
#[template(path = "room.html")]
struct Room<'a> {
    room_name: &'a str,
}

#[derive(Template)]
#[template(path = "no_room.html")]
struct NoRoom<'a> {
    room_name: &'a str,
}

/// `/`: asks for the name of a room.
pub(super) async fn index() -> Response {
    page(StatusCode::OK, &Index)
}

/// `/chat/?room=…`: where the form of the index leads, without JavaScript.
pub(super) async fn enter(RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    match query::value(query.as_bytes(), "room") {
        None => Redirect::to("/").into_response(),
        Some(name) => match name.trim().parse::<RoomName>() {
            Ok(room) => Redirect::to(&format!("/chat/{room}/")).into_response(),
            Err(_) => no_room(&name),
        },
    }
}

/// `/chat/<room_name>`: leads to the same with a slash (Django: `APPEND_SLASH`).
pub(super) async fn add_slash(Extension(route): Extension<UrlRoute>) -> Response {
    with_room(&route, |room| {
        Redirect::permanent(&format!("/chat/{room}/")).into_response()
    })
}

/// `/chat/<room_name>/`: the room.
pub(super) async fn room(Extension(route): Extension<UrlRoute>) -> Response {
    with_room(&route, |room| {
        let room_name = room.as_str();
        page(StatusCode::OK, &Room { room_name })
    })
}

fn with_room(route: &UrlRoute, answer: impl FnOnce(RoomName) -> Response) -> Response {
    let name = route.get("room_name").unwrap_or_default();
    name.parse().map_or_else(|_| no_room(name), answer)
}

fn no_room(room_name: &str) -> Response {
    page(StatusCode::NOT_FOUND, &NoRoom { room_name })
}

fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        // Writing to memory does not fail, nor do these templates call what could.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
