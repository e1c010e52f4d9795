//! Rooms, and which one somebody means.

use strsim::jaro_winkler;

use super::{ManageError, Management};
use crate::store::{Room, RoomError};

/// How alike names have to be, of 1, to be suggested.
const ALIKE: f64 = 0.75;
/// Rooms that are suggested.
const SUGGESTIONS: usize = 5;

impl Management {
    /// Creates a room; without a slug it gets one made of its name. Servers that run show it at once; guests who are in
    /// the open room of that name stay there until they come back.
    ///
    /// # Errors
    /// [`ManageError::Room`], or the database's.
    pub async fn create_room(&self, name: &str, slug: Option<&str>) -> Result<Room, ManageError> {
        match self.store.create_room(name, slug).await {
            Ok(room) => Ok(room),
            Err(RoomError::Database(error)) => Err(self.failed(error)),
            Err(error) => Err(ManageError::Room(error)),
        }
    }

    /// The room that has this slug, else the one of this name, else the one of this name or slug in whatever case.
    ///
    /// # Errors
    /// [`ManageError::NoRoom`], [`ManageError::Ambiguous`], or the database's.
    pub async fn room(&self, asked: &str) -> Result<Room, ManageError> {
        let room = self.store.room(asked).await;
        if let Some(room) = room.map_err(|error| self.failed(error))? {
            return Ok(room);
        }
        let rooms = self.store.rooms().await.map_err(|error| self.failed(error))?;
        let wanted = asked.trim().to_lowercase();
        let is_same = |room: &&Room| room.name == asked;
        let is_alike =
            |room: &&Room| room.name.to_lowercase() == wanted || room.slug.to_lowercase() == wanted;
        let mut found: Vec<_> = rooms.iter().filter(is_same).collect();
        if found.is_empty() {
            found = rooms.iter().filter(is_alike).collect();
        }
        let asked = asked.to_owned();
        match found[..] {
            [room] => Ok(room.clone()),
            [] => Err(ManageError::NoRoom {
                asked,
                similar: similar(&wanted, &rooms),
            }),
            _ => Err(ManageError::Ambiguous {
                asked,
                slugs: found.iter().map(|room| room.slug.clone()).collect(),
            }),
        }
    }
}

/// The slugs of the rooms whose slug or name is most like it, the likest first.
fn similar(wanted: &str, rooms: &[Room]) -> Vec<String> {
    let likeness = |room: &Room| {
        let names = [room.slug.to_lowercase(), room.name.to_lowercase()];
        let of = |name: &String| {
            let holds = !wanted.is_empty() && name.contains(wanted);
            if holds { 1.0 } else { jaro_winkler(wanted, name) }
        };
        names.iter().map(of).fold(0.0, f64::max)
    };
    let mut alike: Vec<_> = rooms
        .iter()
        .map(|room| (likeness(room), room))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .collect();
    alike.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    alike
        .into_iter()
        .take(SUGGESTIONS)
        .map(|(_, room)| room.slug.clone())
        .collect()
}

pub(super) fn suggestion(similar: &[String]) -> String {
    if similar.is_empty() {
        String::new()
    } else {
        format!("; similar: {}", similar.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likest_comes_first() {
        let room = |name: &str, slug: &str| Room {
            id: 1,
            name: name.to_owned(),
            slug: slug.to_owned(),
        };
        let rooms = [
            room("General", "general"),
            room("Generators", "generators"),
            room("Tea", "tea"),
        ];
        assert_eq!(similar("genreal", &rooms), ["general", "generators"]);
        assert_eq!(similar("zzz", &rooms), Vec::<String>::new());
    }
}
