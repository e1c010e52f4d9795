//! What a browser sends.

use serde::Deserialize;

/// The longest name a window may give a message, in bytes.
const MAX_CLIENT: usize = 64;

/// A message as it came. Clients may send more, such as the room or a username of their choice; the URL says which room
/// it is, and a name is not the message's to say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Incoming {
    message: Option<String>,
    id: Option<String>,
    again: bool,
    after: Option<i64>,
    typing: Option<bool>,
    before: Option<i64>,
}

/// What it asks for.
#[derive(Debug, PartialEq)]
pub(crate) enum Request {
    Say(Say),
    /// Somebody is typing.
    Typing,
    /// The page of the history before this message.
    Before(i64),
    Nothing,
}

/// A message to be said.
#[derive(Debug, PartialEq)]
pub(crate) struct Say {
    pub(crate) text: String,
    /// What the window calls it, for the answer.
    pub(crate) client: Option<String>,
    /// It was sent before, and not answered: the newest message the window knew when it sent it first.
    pub(crate) again_after: Option<i64>,
}

/// Why it cannot be read, and the window's name of what cannot.
#[derive(Debug, PartialEq)]
pub(crate) struct Unreadable(pub(crate) &'static str, pub(crate) Option<String>);

/// What is said to a client that sends something else.
pub(crate) const EXPECTED: &str = "expected JSON such as {\"message\": \"hello\"}";

impl Incoming {
    pub(crate) fn into_request(self) -> Result<Request, Unreadable> {
        let Some(text) = self.message else {
            return match (self.before, self.typing) {
                (Some(id), _) => Ok(Request::Before(id)),
                (None, Some(true)) => Ok(Request::Typing),
                (None, Some(false)) => Ok(Request::Nothing),
                (None, None) => Err(Unreadable(EXPECTED, None)),
            };
        };
        if self.id.as_ref().is_some_and(|id| id.len() > MAX_CLIENT) {
            return Err(Unreadable("a message's \"id\" has at most 64 bytes", None));
        }
        if self.again && self.after.is_none() {
            let reason = "a message that is sent again needs \"after\": the newest id that was known when it was sent first";
            return Err(Unreadable(reason, self.id));
        }
        // PostgreSQL cannot hold it, and nobody can type it.
        if text.contains('\0') {
            return Err(Unreadable("a message cannot hold the character NUL", self.id));
        }
        if text.trim().is_empty() {
            return match self.id {
                Some(id) => Err(Unreadable("the message is empty", Some(id))),
                None => Ok(Request::Nothing),
            };
        }
        Ok(Request::Say(Say {
            text,
            client: self.id,
            again_after: self.after.filter(|_| self.again),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Result<Request, Unreadable> {
        serde_json::from_str::<Incoming>(text)
            .expect("of the shape")
            .into_request()
    }

    #[test]
    fn every_request_is_read() {
        let say = |text: &str, client: Option<&str>, again_after| {
            let (text, client) = (text.to_owned(), client.map(str::to_owned));
            Ok(Request::Say(Say {
                text,
                client,
                again_after,
            }))
        };
        assert_eq!(
            request(r#"{"message": "a", "username": "eve", "room": 7}"#),
            say("a", None, None)
        );
        assert_eq!(
            request(r#"{"message": "a", "id": "x", "after": 3}"#),
            say("a", Some("x"), None)
        );
        assert_eq!(
            request(r#"{"message": "a", "id": "x", "again": true, "after": 3}"#),
            say("a", Some("x"), Some(3))
        );
        assert_eq!(request(r#"{"typing": true}"#), Ok(Request::Typing));
        assert_eq!(request(r#"{"typing": false}"#), Ok(Request::Nothing));
        assert_eq!(request(r#"{"before": 9}"#), Ok(Request::Before(9)));
        assert_eq!(request(r#"{"message": " \n"}"#), Ok(Request::Nothing));
    }

    #[test]
    fn a_refusal_names_what_it_refuses() {
        let refused = |text: &str| request(text).expect_err(text);
        assert_eq!(refused("{}"), Unreadable(EXPECTED, None));
        for text in [
            r#"{"message": "a\u0000", "id": "x"}"#,
            r#"{"message": "", "id": "x"}"#,
            r#"{"message": "a", "id": "x", "again": true}"#,
        ] {
            assert_eq!(refused(text).1.as_deref(), Some("x"), "{text}");
        }
        let long = format!(r#"{{"message": "a", "id": "{}"}}"#, "x".repeat(65));
        assert!(refused(&long).0.contains("64 bytes"));
    }
}
