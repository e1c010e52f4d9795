//! Who is in which room, and what a room was told in this turn.

use std::collections::HashMap;

/// Rooms by number; none is ever forgotten.
#[derive(Debug, Default)]
pub(super) struct Rooms {
    numbers: HashMap<String, usize>,
    rooms: Vec<Room>,
    /// The numbers of those that were told something.
    told: Vec<usize>,
    /// The one whose messages are being sent.
    sending: Vec<u8>,
}

#[derive(Debug, Default)]
struct Room {
    /// Keys of connections.
    members: Vec<usize>,
    /// Frames of this turn, one behind the other.
    joined: Vec<u8>,
}

impl Rooms {
    /// Makes a connection a member: the room's number, and its place there.
    pub(super) fn join(&mut self, name: &str, key: usize) -> (usize, usize) {
        let number = match self.numbers.get(name) {
            Some(number) => *number,
            None => {
                self.rooms.push(Room::default());
                self.numbers.insert(name.to_owned(), self.rooms.len() - 1);
                self.rooms.len() - 1
            }
        };
        let members = &mut self.rooms[number].members;
        members.push(key);
        (number, members.len() - 1)
    }

    /// Removes a member. The last one takes its place: whose key is returned.
    pub(super) fn leave(&mut self, room: usize, place: usize) -> Option<usize> {
        let members = &mut self.rooms[room].members;
        members.swap_remove(place);
        members.get(place).copied()
    }

    pub(super) fn members(&self, room: usize) -> &[usize] {
        &self.rooms[room].members
    }

    /// Keeps a frame for the end of the turn.
    pub(super) fn tell(&mut self, room: usize, frame: &[u8]) {
        let joined = &mut self.rooms[room].joined;
        if joined.is_empty() {
            self.told.push(room);
        }
        joined.extend_from_slice(frame);
    }

    /// The members of the next room that was told something, and all of it.
    pub(super) fn next_joined(&mut self) -> Option<(&[usize], &[u8])> {
        let room = &mut self.rooms[self.told.pop()?];
        // The buffers go round, so that none is allocated anew in a turn like the last one.
        self.sending.clear();
        std::mem::swap(&mut self.sending, &mut room.joined);
        Some((&room.members, &self.sending))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_is_replaced_by_the_last_one() {
        let mut rooms = Rooms::default();
        let places: Vec<_> = [10, 11, 12].map(|key| rooms.join("lobby", key)).into();
        assert_eq!(places, [(0, 0), (0, 1), (0, 2)]);
        assert_eq!(rooms.join("other", 13), (1, 0));
        assert_eq!(rooms.leave(0, 0), Some(12));
        assert_eq!(rooms.members(0), [12, 11]);
        assert_eq!(rooms.leave(0, 1), None);
        assert_eq!(rooms.members(0), [12]);
    }

    #[test]
    fn a_rooms_frames_leave_together_and_once() {
        let mut rooms = Rooms::default();
        rooms.join("a", 1);
        rooms.join("b", 2);
        rooms.tell(0, b"one");
        rooms.tell(1, b"other");
        rooms.tell(0, b"two");
        let mut sent = Vec::new();
        while let Some((members, bytes)) = rooms.next_joined() {
            sent.push((members.to_vec(), bytes.to_vec()));
        }
        sent.sort();
        assert_eq!(
            sent,
            [(vec![1], b"onetwo".to_vec()), (vec![2], b"other".to_vec())]
        );
        assert!(rooms.next_joined().is_none());
    }
}
