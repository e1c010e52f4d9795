//! Who a request or a socket is: the user of the session in its cookie.

use std::sync::Arc;
use std::time::Duration;

use laureola::consumers::middleware::Cookies;
use laureola_django::auth::{AuthError, User};
use laureola_django::session::{Session, SessionError};

use tokio::time::Instant;

use crate::site::Site;

/// `SESSION_COOKIE_NAME`.
pub(crate) const SESSION_COOKIE: &str = "sessionid";

/// Sessions or users could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountError {
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Auth(#[from] AuthError),
}

/// A session's cookie, and when somebody last looked whether it counts.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    cookie: Arc<str>,
    looked: Instant,
}

impl Ticket {
    /// A ticket that was just looked at.
    pub(crate) fn new(cookie: &str) -> Self {
        Self {
            cookie: cookie.into(),
            looked: Instant::now(),
        }
    }

    pub(crate) fn cookie(&self) -> Arc<str> {
        Arc::clone(&self.cookie)
    }

    pub(crate) fn is_due(&self, interval: Duration) -> bool {
        self.looked.elapsed() >= interval
    }

    pub(crate) fn renew(&mut self) {
        self.looked = Instant::now();
    }
}

/// The value of a cookie among the `cookie` headers of a request; of several with one name the last counts.
pub(crate) fn cookie<'a>(headers: impl IntoIterator<Item = &'a [u8]>, name: &str) -> Option<String> {
    let values = headers.into_iter().filter_map(|header| {
        let cookies = Cookies::parse(header);
        cookies.get(name).map(str::to_owned)
    });
    values.last().filter(|value| !value.is_empty())
}

/// The session of a cookie's value; an empty one without a key where there is none.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn session(site: &Site, cookie: Option<&str>) -> Result<Session, SessionError> {
    site.sessions.load(cookie).await
}

/// The session's user, still active and with the same password. Afterwards the session may have changed (it was signed
/// with an older secret, or is nobody's any more): commit it.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn user(site: &Site, session: &mut Session) -> Result<Option<User>, AuthError> {
    // Most visitors have no session: nothing is asked then.
    if session.is_empty() {
        return Ok(None);
    }
    site.auth.user(session).await
}

/// The user of a cookie's value, where nothing is to be written: for sockets, whose response sets no cookie.
///
/// # Errors
/// The database does not answer.
pub(crate) async fn user_of(site: &Site, cookie: Option<&str>) -> Result<Option<User>, AccountError> {
    let mut session = session(site, cookie).await?;
    Ok(user(site, &mut session).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_in_any_header() {
        let headers: [&[u8]; 3] = [b"a=1; sessionid=old", b"\xff=x", b" sessionid=\"k2\" ;b=2"];
        assert_eq!(cookie(headers, "sessionid"), Some("k2".to_owned()));
        assert_eq!(cookie(headers, "a"), Some("1".to_owned()));
        assert_eq!(cookie(headers, "session"), None);
        assert_eq!(cookie([b"sessionid".as_slice()], "sessionid"), None);
    }
}
