//! Who may come into which room.

use std::sync::Arc;
use std::time::Duration;

use laureola::asgi::WebSocketScope;
use laureola_django::csrf;
use tokio::time::timeout;

use super::seat::{Place, Seat};
use crate::account::{self, SESSION_COOKIE, Ticket};
use crate::guest::GuestName;
use crate::history::Kind;
use crate::plugin::Handle;
use crate::room::RoomName;
use crate::site::Site;

/// How long a handshake waits for the database.
const PATIENCE: Duration = Duration::from_secs(4);

/// Why somebody may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the chat is starting or stopping; try again in a few seconds")]
    NotServing,
    #[error("the database does not answer; try again in a few seconds")]
    Database,
    #[error("sockets of this site may be opened by its own pages only")]
    Origin,
    #[error("log in first")]
    Anonymous,
    #[error("there is no such room")]
    NoRoom,
    #[error("this room is for people with accounts: it is at /rooms/")]
    Members,
}

impl Refusal {
    /// The status of the denial.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::NotServing | Self::Database => 503,
            Self::Origin | Self::Anonymous | Self::Members => 403,
            Self::NoRoom => 404,
        }
    }
}

/// Looks at who wants to come into which room.
pub(crate) async fn admit(
    handle: &Handle,
    kind: Kind,
    room: RoomName,
    scope: &WebSocketScope,
) -> Result<Seat, Refusal> {
    let site = handle.site().ok_or(Refusal::NotServing)?;
    if !is_ours(&site, scope) {
        return Err(Refusal::Origin);
    }
    let admitted = timeout(PATIENCE, async {
        match kind {
            Kind::Open => open(&site, room, scope).await,
            Kind::Stored => stored(&site, room, scope).await,
        }
    });
    admitted.await.unwrap_or(Err(Refusal::Database))
}

async fn open(site: &Arc<Site>, room: RoomName, scope: &WebSocketScope) -> Result<Seat, Refusal> {
    if site
        .store
        .room(room.as_str())
        .await
        .map_err(|error| failed(&error))?
        .is_some()
    {
        return Err(Refusal::Members);
    }
    let user = match session_cookie(scope) {
        Some(cookie) => account::user_of(site, Some(&cookie))
            .await
            .map_err(|error| failed(&error))?,
        None => None,
    };
    Ok(match user {
        Some(user) => Seat::new(Arc::clone(site), Place::Open, room, &user.username),
        None => {
            let name = GuestName::from_query(scope.query_string());
            let mut seat = Seat::new(Arc::clone(site), Place::Open, room, name.as_str());
            seat.guest = true;
            seat
        }
    })
}

async fn stored(site: &Arc<Site>, room: RoomName, scope: &WebSocketScope) -> Result<Seat, Refusal> {
    let cookie = session_cookie(scope).ok_or(Refusal::Anonymous)?;
    let user = account::user_of(site, Some(&cookie))
        .await
        .map_err(|error| failed(&error))?;
    let user = user.ok_or(Refusal::Anonymous)?;
    let found = site
        .store
        .room(room.as_str())
        .await
        .map_err(|error| failed(&error))?;
    let found = found.ok_or(Refusal::NoRoom)?;
    let place = Place::Stored {
        room: found.id,
        user: user.id,
        ticket: Ticket::new(&cookie),
    };
    Ok(Seat::new(Arc::clone(site), place, room, &user.username))
}

fn failed(error: &dyn std::error::Error) -> Refusal {
    tracing::warn!("nobody can be let in: {error}");
    Refusal::Database
}

fn session_cookie(scope: &WebSocketScope) -> Option<String> {
    account::cookie(scope.headers().get_all("cookie"), SESSION_COOKIE)
}

/// Whether no page of a stranger opened the socket. Only browsers say which page did, and only they have somebody's
/// cookies to misuse.
fn is_ours(site: &Site, scope: &WebSocketScope) -> bool {
    let text = |name| {
        scope
            .headers()
            .get(name)
            .map(|value| str::from_utf8(value).unwrap_or("?"))
    };
    let Some(origin) = text("origin") else {
        return true;
    };
    let check = |secure| {
        let request = csrf::Request {
            method: "POST",
            secure,
            host: text("host"),
            origin: Some(origin),
            referer: None,
            cookie: None,
            token: None,
        };
        request.check_origin(&site.origins)
    };
    // A proxy may have taken the TLS off, so an https page is as good as an http one; the reverse would let who tampers
    // with http in.
    let checked = match scope.scheme() {
        "wss" => check(true),
        _ => check(false).or_else(|_| check(true)),
    };
    checked
        .inspect_err(|error| tracing::info!(path = scope.path(), "WebSocket denied: {error}"))
        .is_ok()
}
