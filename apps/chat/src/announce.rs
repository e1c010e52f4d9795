//! What a room is told when somebody changes it.

use crate::event::RoomEvent;
use crate::history::Kind;
use crate::room::RoomName;
use crate::site::Site;
use crate::store::Room;

/// What guests are told who sit in an open room that has the name of one for people with accounts.
pub(crate) fn guests_out() -> RoomEvent {
    RoomEvent::Closed {
        guests: true,
        reason: "this room is for people with accounts now".to_owned(),
    }
}

impl Site {
    /// A room was created: guests who are in the open room of that name leave it.
    pub(crate) async fn room_created(&self, room: &Room) {
        self.tell(&room.slug, &guests_out()).await;
    }

    /// A room was renamed.
    pub(crate) async fn room_renamed(&self, room: &Room) {
        let name = room.name.clone();
        self.tell(&room.slug, &RoomEvent::Renamed { name }).await;
    }

    /// A room was deleted: everybody leaves it.
    pub(crate) async fn room_deleted(&self, room: &Room) {
        self.forget(&room.slug).await;
        let event = RoomEvent::Closed {
            guests: false,
            reason: "the room was deleted".to_owned(),
        };
        self.tell(&room.slug, &event).await;
    }

    /// A message of a room was deleted.
    pub(crate) async fn message_deleted(&self, slug: &str, id: i64) {
        self.forget(slug).await;
        self.tell(slug, &RoomEvent::Deleted { id }).await;
    }

    /// The database knows better what is left.
    async fn forget(&self, slug: &str) {
        if let Err(error) = self.history.forget(Kind::Stored, slug).await {
            tracing::warn!("{error}");
        }
    }

    async fn tell(&self, slug: &str, event: &RoomEvent) {
        // A Django site may have slugs that no group is named after; nobody is in such a room.
        let Ok(room) = slug.parse::<RoomName>() else {
            return;
        };
        if let Err(error) = self.layer.group_send(&room.aside_group(), event).await {
            tracing::warn!(%room, "a change did not reach the room: {error}");
        }
    }
}
