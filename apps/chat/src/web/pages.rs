//! `/` and the open rooms.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::view::{self, Nav};
use super::visit::Visit;
use crate::guest::{DEFAULT_GUEST_NAME, MAX_GUEST_NAME};
use crate::room::{MAX_ROOM_NAME, RoomName};

#[derive(Template)]
#[template(path = "index.html")]
struct Index {
    nav: Nav,
}

#[derive(Template)]
#[template(path = "room.html")]
struct Room<'a> {
    nav: Nav,
    room_name: &'a str,
    max_message: usize,
}

#[derive(Template)]
#[template(path = "no_room.html")]
struct NoRoom<'a> {
    nav: Nav,
    room_name: &'a str,
}

/// `/`: asks for the name of a room.
pub(super) async fn index(mut visit: Visit) -> Response {
    let nav = visit.nav();
    visit.page(StatusCode::OK, &Index { nav }).await
}

/// `/chat/?room=…`: where the form of the index leads, without JavaScript.
pub(super) async fn enter(visit: Visit) -> Response {
    let name = visit.query.get("room").trim().to_owned();
    if name.is_empty() {
        return visit.lead_to("/").await;
    }
    match name.parse::<RoomName>() {
        Ok(room) => visit.lead_to(&format!("/chat/{room}/")).await,
        Err(_) => no_room(visit, &name).await,
    }
}

/// `/chat/<room_name>`: leads to the same with a slash (Django: `APPEND_SLASH`).
pub(super) async fn add_slash(visit: Visit) -> Response {
    let name = visit.argument("room_name").to_owned();
    match name.parse::<RoomName>() {
        Ok(room) => {
            let leads = Redirect::permanent(&format!("/chat/{room}/"));
            visit.finish(leads.into_response()).await
        }
        Err(_) => no_room(visit, &name).await,
    }
}

/// `/chat/<room_name>/`: the room; or the way to the one for people with accounts that has the name.
pub(super) async fn room(mut visit: Visit) -> Result<Response, Response> {
    let name = visit.argument("room_name").to_owned();
    let Ok(room) = name.parse::<RoomName>() else {
        return Ok(no_room(visit, &name).await);
    };
    let stored = visit.site.store.room(room.as_str()).await;
    if stored.map_err(view::failed)?.is_some() {
        return Ok(visit.lead_to(&format!("/rooms/{room}/")).await);
    }
    let page = Room {
        nav: visit.nav(),
        room_name: room.as_str(),
        max_message: visit.site.options.limits.message_length,
    };
    Ok(visit.page(StatusCode::OK, &page).await)
}

async fn no_room(mut visit: Visit, room_name: &str) -> Response {
    let nav = visit.nav();
    visit
        .page(StatusCode::NOT_FOUND, &NoRoom { nav, room_name })
        .await
}
