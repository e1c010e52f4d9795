//! How a session's data is written.
//!
//! Databases and files hold signed JSON, deflated where that is shorter; caches hold what Python's `pickle` makes of the
//! dictionary, which [`pickle`] reads and writes as far as JSON goes.

pub mod pickle;

use std::time::Duration;

use super::Data;
use crate::secrets::Secrets;
use crate::signing::{self, BadSignature};

/// The salt of databases and files: it names Django's class.
const STORED: &str = "django.contrib.sessions.SessionStore";
/// The salt of signed cookies.
const COOKIE: &str = "django.contrib.sessions.backends.signed_cookies";

/// `SessionBase.encode`.
///
/// # Panics
/// Never: JSON of text keys can always be written.
#[must_use]
pub fn encode(secrets: &Secrets, data: &Data) -> String {
    signing::dumps(secrets, STORED, data, true).expect("JSON values with text keys")
}

/// `SessionBase.decode`.
///
/// # Errors
/// It was not signed with one of the secrets, or is no dictionary. Django takes such a session for an empty one.
pub fn decode(secrets: &Secrets, text: &str) -> Result<Data, BadSignature> {
    signing::loads(secrets, STORED, text, None)
}

/// A signed cookie's content.
///
/// # Panics
/// Never: JSON of text keys can always be written.
#[must_use]
pub fn encode_cookie(secrets: &Secrets, data: &Data) -> String {
    signing::dumps(secrets, COOKIE, data, true).expect("JSON values with text keys")
}

/// The data of a signed cookie.
///
/// # Errors
/// As [`decode`], and when it is older than `max_age`.
pub fn decode_cookie(secrets: &Secrets, text: &str, max_age: Duration) -> Result<Data, BadSignature> {
    signing::loads(secrets, COOKIE, text, Some(max_age))
}
