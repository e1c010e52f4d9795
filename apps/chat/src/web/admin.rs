//! `/admin/`: rooms, messages and users, for staff.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use laureola_django::auth::User;
use laureola_django::database::sqlite_time;

use super::rooms::gone;
use super::view::{self, Nav};
use super::visit::Visit;
use crate::store::messages::Page;
use crate::store::rooms::{MAX_NAME, MAX_SLUG};
use crate::store::{Room, RoomError, StoredMessage};

/// Users and messages on a page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "admin_rooms.html")]
struct Rooms {
    nav: Nav,
    rooms: Vec<Room>,
    name: String,
    slug: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "admin_messages.html")]
struct Messages {
    nav: Nav,
    room: Room,
    messages: Vec<Row>,
    /// The first message, where there are older ones.
    older: Option<i64>,
    /// This page, after a deletion.
    before: String,
}

/// A message as the page shows it.
struct Row {
    id: i64,
    username: String,
    content: String,
    at: String,
}

#[derive(Template)]
#[template(path = "admin_users.html")]
struct Users {
    nav: Nav,
    users: Vec<User>,
    /// The rest of a link, where there are more.
    next: Option<String>,
}

/// Lets only staff in: others are asked to log in, or told that they may not.
async fn staff(visit: Visit) -> Result<Visit, Response> {
    match &visit.user {
        None => Err(visit.ask_to_log_in().await),
        Some(user) if user.is_staff => Ok(visit),
        Some(_) => {
            let text = "These pages are for staff.";
            Err(visit.notice(StatusCode::FORBIDDEN, "Forbidden", text).await)
        }
    }
}

/// Lets only staff in, and finds the room of the URL.
async fn staff_in_room(visit: Visit) -> Result<(Visit, Room), Response> {
    let visit = staff(visit).await?;
    let room = visit.site.store.room(visit.argument("slug")).await;
    match room.map_err(view::failed)? {
        Some(room) => Ok((visit, room)),
        None => Err(gone(visit).await),
    }
}

/// `GET /admin/`: all rooms, and the form for a new one.
pub(super) async fn rooms(visit: Visit) -> Result<Response, Response> {
    let visit = staff(visit).await?;
    list(visit, StatusCode::OK, None).await
}

async fn list(mut visit: Visit, status: StatusCode, error: Option<String>) -> Result<Response, Response> {
    let page = Rooms {
        rooms: visit.site.store.rooms().await.map_err(view::failed)?,
        nav: visit.nav(),
        name: visit.form.get("name").to_owned(),
        slug: visit.form.get("slug").to_owned(),
        error,
    };
    Ok(visit.page(status, &page).await)
}

/// The list again, with what was wrong; or what the database's failure looks like.
async fn refused(visit: Visit, error: RoomError) -> Result<Response, Response> {
    match error {
        RoomError::Database(error) => Err(view::failed(error)),
        error => list(visit, StatusCode::BAD_REQUEST, Some(error.to_string())).await,
    }
}

/// `POST /admin/rooms/`: a new room.
pub(super) async fn create(visit: Visit) -> Result<Response, Response> {
    let visit = staff(visit).await?;
    let slug = Some(visit.form.get("slug").trim()).filter(|slug| !slug.is_empty());
    match visit.site.store.create_room(visit.form.get("name"), slug).await {
        Ok(room) => {
            visit.site.room_created(&room).await;
            Ok(visit.lead_to("/admin/").await)
        }
        Err(error) => refused(visit, error).await,
    }
}

/// `POST /admin/rooms/<slug>/rename/`.
pub(super) async fn rename(visit: Visit) -> Result<Response, Response> {
    let (visit, room) = staff_in_room(visit).await?;
    let name = visit.form.get("name").trim().to_owned();
    match visit.site.store.rename_room(room.id, &name).await {
        Ok(()) => {
            visit.site.room_renamed(&Room { name, ..room }).await;
            Ok(visit.lead_to("/admin/").await)
        }
        Err(error) => refused(visit, error).await,
    }
}

/// `POST /admin/rooms/<slug>/delete/`: the room, with all its messages.
pub(super) async fn delete(visit: Visit) -> Result<Response, Response> {
    let (visit, room) = staff_in_room(visit).await?;
    visit
        .site
        .store
        .delete_room(room.id)
        .await
        .map_err(view::failed)?;
    visit.site.room_deleted(&room).await;
    Ok(visit.lead_to("/admin/").await)
}

/// `GET /admin/rooms/<slug>/?before=…`: what was said, newest last.
pub(super) async fn messages(visit: Visit) -> Result<Response, Response> {
    let (mut visit, room) = staff_in_room(visit).await?;
    let before = visit.query.get("before").parse::<i64>().ok();
    let page = before.map_or(Page::Newest, Page::Before);
    // One more than is shown tells whether there are more.
    let messages = visit.site.store.messages(room.id, page, PAGE as u32 + 1).await;
    let mut messages = messages.map_err(view::failed)?;
    let older = messages.len() > PAGE;
    if older {
        messages.remove(0);
    }
    let page = Messages {
        nav: visit.nav(),
        older: messages.first().filter(|_| older).map(|message| message.id),
        messages: messages.into_iter().map(Row::from).collect(),
        before: before.map(|id| id.to_string()).unwrap_or_default(),
        room,
    };
    Ok(visit.page(StatusCode::OK, &page).await)
}

impl From<StoredMessage> for Row {
    fn from(message: StoredMessage) -> Self {
        let at = sqlite_time(message.at);
        Self {
            id: message.id,
            username: message.username,
            content: message.content,
            // Without the fractions of the second.
            at: at.get(..19).unwrap_or(&at).to_owned(),
        }
    }
}

/// `POST /admin/rooms/<slug>/messages/<id>/delete/`. One that is gone already is not an error.
pub(super) async fn delete_message(visit: Visit) -> Result<Response, Response> {
    let (visit, room) = staff_in_room(visit).await?;
    let store = &visit.site.store;
    if let Ok(id) = visit.argument("id").parse::<i64>() {
        // The message of this number may be another room's.
        let here = store
            .messages(room.id, Page::Before(id.saturating_add(1)), 1)
            .await;
        let here = here.map_err(view::failed)?;
        if here.last().is_some_and(|message| message.id == id) {
            store.delete_message(id).await.map_err(view::failed)?;
            visit.site.message_deleted(&room.slug, id).await;
        }
    }
    let back = match visit.form.get("before").parse::<i64>() {
        Ok(before) => format!("/admin/rooms/{}/?before={before}", room.slug),
        Err(_) => format!("/admin/rooms/{}/", room.slug),
    };
    Ok(visit.lead_to(&back).await)
}

/// `GET /admin/users/?after=…`: users by name.
pub(super) async fn users(visit: Visit) -> Result<Response, Response> {
    let mut visit = staff(visit).await?;
    let after = visit.query.get("after").replace('\0', "");
    let users = visit.site.auth.users().list(&after, PAGE as u32 + 1).await;
    let mut users = users.map_err(view::failed)?;
    let more = users.len() > PAGE;
    users.truncate(PAGE);
    let last = users.last().filter(|_| more);
    let page = Users {
        next: last.map(|user| form_urlencoded::byte_serialize(user.username.as_bytes()).collect()),
        nav: visit.nav(),
        users,
    };
    Ok(visit.page(StatusCode::OK, &page).await)
}
