//! Users and a room to try the chat with.

use zeroize::Zeroizing;

use super::{ManageError, Management, Person};
use crate::store::{Room, RoomError};

/// The demo's users. Nobody of them is staff.
pub const USERS: [&str; 2] = ["ada", "grace"];
/// The demo's room.
pub const ROOM: &str = "Demo";
/// Thirty-two letters and digits that look like no other.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Groups of letters in a password, and letters of each: 100 bits.
const GROUPS: usize = 4;
const GROUP: usize = 5;

impl Management {
    /// Creates a user of the demo, and returns the password that was made. `None` where somebody has the name: whoever
    /// that is stays as they are.
    ///
    /// # Errors
    /// The database's.
    pub async fn demo_user(&self, username: &str) -> Result<Option<Zeroizing<String>>, ManageError> {
        let password = password();
        let person = Person {
            username,
            password: &password,
            ..Person::default()
        };
        match self.create_user(person).await {
            Ok(()) => Ok(Some(password)),
            Err(ManageError::Taken) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The demo's room, and whether it was created now.
    ///
    /// # Errors
    /// The database's.
    pub async fn demo_room(&self) -> Result<(Room, bool), ManageError> {
        match self.create_room(ROOM, None).await {
            Ok(room) => Ok((room, true)),
            Err(ManageError::Room(RoomError::Taken)) => {
                let room = self.room(&crate::store::rooms::slugify(ROOM)).await?;
                Ok((room, false))
            }
            Err(error) => Err(error),
        }
    }
}

fn password() -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; GROUPS * GROUP]);
    getrandom::fill(&mut *bytes).expect("the system has a random generator");
    let mut password = Zeroizing::new(String::with_capacity(GROUPS * (GROUP + 1)));
    for (number, byte) in bytes.iter().enumerate() {
        if number > 0 && number.is_multiple_of(GROUP) {
            password.push('-');
        }
        password.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_passwords_differ_and_will_do() {
        let one = password();
        assert_ne!(*one, *password());
        assert_eq!(one.len(), 23);
        let errors = super::super::people::password_errors(&one, USERS[0], "");
        assert_eq!(errors, Vec::<String>::new());
    }
}
