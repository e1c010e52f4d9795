//! The cookie that holds a session's key.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use http::{HeaderValue, header};
use laureola_asgi::Scope;

/// `SESSION_COOKIE_SAMESITE`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Not with requests that other sites' pages make, but with links.
    #[default]
    Lax,
    /// Not even with links.
    Strict,
    /// Always; browsers want `secure` then.
    None,
    /// The attribute is left out (Django: `False`).
    Unset,
}

/// Django's settings of the session's cookie; its age is that of [`Expiry`](crate::session::Expiry).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionCookie {
    /// `SESSION_COOKIE_NAME`. Default `sessionid`.
    pub name: String,
    /// `SESSION_COOKIE_PATH`. Default `/`.
    pub path: String,
    /// `SESSION_COOKIE_DOMAIN`. Default none: the host alone.
    pub domain: Option<String>,
    /// `SESSION_COOKIE_SECURE`. Default false.
    pub secure: bool,
    /// `SESSION_COOKIE_HTTPONLY`. Default true.
    pub http_only: bool,
    /// `SESSION_COOKIE_SAMESITE`. Default `Lax`.
    pub same_site: SameSite,
    /// `SESSION_SAVE_EVERY_REQUEST`. Default false.
    pub save_every_request: bool,
}

impl Default for SessionCookie {
    fn default() -> Self {
        Self {
            name: "sessionid".to_owned(),
            path: "/".to_owned(),
            domain: None,
            secure: false,
            http_only: true,
            same_site: SameSite::Lax,
            save_every_request: false,
        }
    }
}

impl SessionCookie {
    /// The cookie's value in a connection's headers; of several the last, as in Django.
    pub(super) fn of(&self, scope: &Scope) -> Option<Box<str>> {
        let find = |header: &[u8]| {
            let text = std::str::from_utf8(header).ok()?;
            let mut parts = text.rsplit(';').filter_map(|part| part.split_once('='));
            parts
                .find(|(name, _)| name.trim() == self.name)
                .map(|(_, value)| value.trim().trim_matches('"').into())
        };
        match scope {
            Scope::Http(scope) => {
                let headers = scope.parts.headers.get_all(header::COOKIE).iter();
                headers.rev().find_map(|value| find(value.as_bytes()))
            }
            Scope::WebSocket(scope) => scope.headers().get_all("cookie").filter_map(find).last(),
            _ => None,
        }
    }

    /// The `set-cookie` of a session. Without an age the cookie ends with the browser.
    pub(super) fn set(&self, value: &str, age: Option<Duration>) -> Option<HeaderValue> {
        let mut cookie = format!("{}={value}", self.name);
        if let Some(age) = age {
            let expires = date(SystemTime::now().checked_add(age)?);
            let _ = write!(cookie, "; expires={expires}; Max-Age={}", age.as_secs());
        }
        if self.http_only {
            cookie.push_str("; HttpOnly");
        }
        self.finish(cookie, self.secure)
    }

    /// The `set-cookie` that ends it.
    pub(super) fn delete(&self) -> Option<HeaderValue> {
        let expires = "Thu, 01 Jan 1970 00:00:00 GMT";
        let cookie = format!("{}=\"\"; expires={expires}; Max-Age=0", self.name);
        // Browsers refuse cookies of these names and kind that are not secure, also to be deleted.
        let must = self.name.starts_with("__Secure-") || self.name.starts_with("__Host-");
        self.finish(cookie, must || self.same_site == SameSite::None)
    }

    /// `None` where a setting has characters that no header may have.
    fn finish(&self, mut cookie: String, secure: bool) -> Option<HeaderValue> {
        if let Some(domain) = &self.domain {
            let _ = write!(cookie, "; Domain={domain}");
        }
        let _ = write!(cookie, "; Path={}", self.path);
        cookie.push_str(match self.same_site {
            SameSite::Lax => "; SameSite=Lax",
            SameSite::Strict => "; SameSite=Strict",
            SameSite::None => "; SameSite=None",
            SameSite::Unset => "",
        });
        if secure {
            cookie.push_str("; Secure");
        }
        let value = HeaderValue::try_from(cookie);
        value
            .inspect_err(|_| {
                tracing::error!(cookie = self.name, "the cookie's settings make no legal header");
            })
            .ok()
    }
}

/// A time as RFC 9110 writes it.
fn date(time: SystemTime) -> String {
    let timestamp = jiff::Timestamp::try_from(time).unwrap_or(jiff::Timestamp::MAX);
    timestamp.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_those_of_djangos_settings() {
        let cookie = SessionCookie {
            domain: Some("example.com".to_owned()),
            secure: true,
            same_site: SameSite::Strict,
            ..SessionCookie::default()
        };
        let text = cookie.set("abc", None).expect("legal");
        assert_eq!(
            text,
            "sessionid=abc; HttpOnly; Domain=example.com; Path=/; SameSite=Strict; Secure"
        );
        let text = SessionCookie::default()
            .set("abc", Some(Duration::from_secs(60)))
            .expect("legal");
        let text = text.to_str().expect("text");
        assert!(text.starts_with("sessionid=abc; expires="), "{text}");
        assert!(
            text.ends_with(" GMT; Max-Age=60; HttpOnly; Path=/; SameSite=Lax"),
            "{text}"
        );
        assert_eq!(
            SessionCookie::default().delete().expect("legal"),
            "sessionid=\"\"; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/; SameSite=Lax"
        );
        let broken = SessionCookie {
            path: "/\n".to_owned(),
            ..SessionCookie::default()
        };
        assert_eq!(broken.set("abc", None), None);
        assert_eq!(date(SystemTime::UNIX_EPOCH), "Thu, 01 Jan 1970 00:00:00 GMT");
    }
}
