//! `/rooms/`: the rooms for people with accounts.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::view::{self, Nav};
use super::visit::Visit;
use crate::store::Room;

#[derive(Template)]
#[template(path = "rooms.html")]
struct Rooms {
    nav: Nav,
    rooms: Vec<Room>,
}

#[derive(Template)]
#[template(path = "stored_room.html")]
struct StoredRoom {
    nav: Nav,
    room: Room,
    username: String,
    max_message: usize,
}

/// `/rooms/`: every room.
pub(super) async fn list(mut visit: Visit) -> Result<Response, Response> {
    if visit.user.is_none() {
        return Ok(visit.ask_to_log_in().await);
    }
    let rooms = visit.site.store.rooms().await.map_err(view::failed)?;
    let nav = visit.nav();
    Ok(visit.page(StatusCode::OK, &Rooms { nav, rooms }).await)
}

/// `/rooms/<slug>`: leads to the same with a slash (Django: `APPEND_SLASH`).
pub(super) async fn add_slash(visit: Visit) -> Response {
    let path = format!("/rooms/{}/", visit.argument("slug"));
    visit.finish(Redirect::permanent(&path).into_response()).await
}

/// `/rooms/<slug>/`: a room.
pub(super) async fn room(mut visit: Visit) -> Result<Response, Response> {
    let Some(username) = visit.user.as_ref().map(|user| user.username.clone()) else {
        return Ok(visit.ask_to_log_in().await);
    };
    let room = visit.site.store.room(visit.argument("slug")).await;
    let Some(room) = room.map_err(view::failed)? else {
        return Ok(gone(visit).await);
    };
    let page = StoredRoom {
        nav: visit.nav(),
        room,
        username,
        max_message: visit.site.options.limits.message_length,
    };
    Ok(visit.page(StatusCode::OK, &page).await)
}

/// The page for a room that is not there.
pub(super) async fn gone(visit: Visit) -> Response {
    let text = "It was deleted, or never created. All rooms there are stand at /rooms/.";
    visit
        .notice(StatusCode::NOT_FOUND, "There is no such room", text)
        .await
}
