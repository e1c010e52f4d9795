//! A request's cookies (Channels: `CookieMiddleware`).

use std::future::Future;
use std::sync::Arc;

use http::header;
use laureola_asgi::{Application, BoxApplication, Connection, Scope};
use tower_layer::Layer;

use crate::Result;

/// The cookies a client sent, parsed as Django parses them. [`CookieLayer`] leaves them in the scope's extensions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cookies(Arc<[(Box<str>, Box<str>)]>);

impl Cookies {
    /// The cookies of a connection; none of a lifespan.
    #[must_use]
    pub fn of(scope: &Scope) -> Self {
        let mut cookies = Vec::new();
        match scope {
            Scope::Http(scope) => {
                for value in scope.parts.headers.get_all(header::COOKIE) {
                    parse(value.as_bytes(), &mut cookies);
                }
            }
            Scope::WebSocket(scope) => {
                for value in scope.headers().get_all("cookie") {
                    parse(value, &mut cookies);
                }
            }
            _ => {}
        }
        Self(cookies.into())
    }

    /// The cookies of a `cookie` header's value.
    #[must_use]
    pub fn parse(value: &[u8]) -> Self {
        let mut cookies = Vec::new();
        parse(value, &mut cookies);
        Self(cookies.into())
    }

    /// A cookie's value. Of several with one name the last counts, as in Django.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut cookies = self.0.iter().rev();
        cookies
            .find(|(known, _)| &**known == name)
            .map(|(_, value)| &**value)
    }

    /// Names and values, as they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

/// `django.http.cookie.parse_cookie`: a part without `=` is a value without a name.
fn parse(header: &[u8], cookies: &mut Vec<(Box<str>, Box<str>)>) {
    let text = String::from_utf8_lossy(header);
    for part in text.split(';') {
        let (name, value) = part.split_once('=').unwrap_or(("", part));
        let (name, value) = (name.trim(), value.trim());
        if !name.is_empty() || !value.is_empty() {
            cookies.push((name.into(), unquote(value).into()));
        }
    }
}

/// Python's `http.cookies._unquote`: `"a\"b\054"` is `a"b,`.
fn unquote(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(mut rest) = inner else {
        return value.to_owned();
    };
    let mut plain = String::with_capacity(rest.len());
    while let Some((before, behind)) = rest.split_once('\\') {
        plain.push_str(before);
        let octal = behind
            .get(..3)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        if let Some(code) = octal {
            plain.push(char::from(code));
            rest = &behind[3..];
        } else {
            let mut characters = behind.chars();
            plain.push(characters.next().unwrap_or('\\'));
            rest = characters.as_str();
        }
    }
    plain.push_str(rest);
    plain
}

/// Leaves [`Cookies`] in the scope's extensions.
///
/// Cost: the cookies stay in memory as long as a WebSocket's scope; where one is looked at once, [`Cookies::of`] is
/// cheaper.
///
/// ```
/// use laureola_asgi::{AppError, Connection, app_fn};
/// use laureola_consumers::middleware::{CookieLayer, Cookies};
/// use tower_layer::Layer as _;
///
/// async fn page(connection: Connection) -> Result<(), AppError> {
///     let cookies = connection.scope.extensions().get::<Cookies>();
///     let theme = cookies.and_then(|cookies| cookies.get("theme"));
/// #   let _ = theme;
///     Ok(())
/// }
/// let application = CookieLayer.layer(app_fn(page));
/// # let _ = application;
/// # assert_eq!(Cookies::parse(b"a=1; theme=dark").get("theme"), Some("dark"));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CookieLayer;

impl<A: Application> Layer<A> for CookieLayer {
    type Service = WithCookies;

    fn layer(&self, inner: A) -> WithCookies {
        WithCookies(inner.boxed())
    }
}

/// See [`CookieLayer`].
#[derive(Clone, Debug)]
pub struct WithCookies(BoxApplication);

impl Application for WithCookies {
    fn call(&self, mut connection: Connection) -> impl Future<Output = Result<()>> + Send {
        if connection.scope.extensions().get::<Cookies>().is_none() {
            let cookies = Cookies::of(&connection.scope);
            connection.scope.extensions_mut().insert(cookies);
        }
        self.0.call_boxed(connection)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_parsed_as_django_parses_them() {
        let cookies = Cookies::parse(br#"a=1; b="q\"x\054\\"; a=2;nameless; c=d=e; ="#);
        assert_eq!(cookies.get("a"), Some("2"), "the last one counts");
        assert_eq!(cookies.get("b"), Some("q\"x,\\"));
        assert_eq!(cookies.get(""), Some("nameless"));
        assert_eq!(cookies.get("c"), Some("d=e"));
        assert_eq!(cookies.get("d"), None);
        assert_eq!(Cookies::parse(b"").iter().count(), 0);
        assert_eq!(Cookies::parse(b"a=\xff\"\\").get("a"), Some("\u{fffd}\"\\"));
    }
}
