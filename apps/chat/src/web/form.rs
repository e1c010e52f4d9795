//! What was filled in.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use tokio::time::timeout;

/// The longest form, in bytes: names and passwords are short.
const MAX_LENGTH: usize = 64 * 1024;
/// How long a form may be on its way.
const PATIENCE: Duration = Duration::from_secs(30);

/// The fields of a form, or of a query string.
#[derive(Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

/// Why a form cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FormError {
    #[error("The form is longer than any of this site can be.")]
    TooLong,
    #[error("The form did not arrive in time.")]
    TooSlow,
    #[error("This is not the kind of form that this site has.")]
    Foreign,
}

impl Form {
    pub(super) fn parse(encoded: &[u8]) -> Self {
        let fields = form_urlencoded::parse(encoded);
        Self(fields.into_owned().collect())
    }

    /// Reads the body of a POST.
    pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Self, FormError> {
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
        if !kind
            .trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        {
            return Err(FormError::Foreign);
        }
        match timeout(PATIENCE, to_bytes(body, MAX_LENGTH)).await {
            Ok(Ok(encoded)) => Ok(Self::parse(&encoded)),
            Ok(Err(_)) => Err(FormError::TooLong),
            Err(_) => Err(FormError::TooSlow),
        }
    }

    /// A field, `""` where it is not there; of several with one name the last (Django: `QueryDict.get`).
    pub(super) fn get(&self, name: &str) -> &str {
        let mut fields = self.0.iter().rev();
        let found = fields.find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

/// Where a login leads: `next`, if that is a path of this site, else the rooms. Never to another site, whatever a link to
/// the login says.
pub(super) fn local(next: &str) -> &str {
    // Browsers read "//host" and "/\host" as another site, and drop tabs and line ends before they look.
    let plain = |b: u8| b.is_ascii_graphic() && b != b'\\';
    if next.starts_with('/') && !next.starts_with("//") && next.bytes().all(plain) {
        next
    } else {
        "/rooms/"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_fields_with_one_name_the_last_counts() {
        let form = Form::parse(b"a=1&b=x+y%20%C3%A9&a=2&c");
        assert_eq!((form.get("a"), form.get("b"), form.get("c")), ("2", "x y é", ""));
        assert_eq!(form.get("d"), "");
    }

    #[test]
    fn nothing_leads_to_another_site() {
        for ours in ["/", "/rooms/general/", "/chat/?room=a%20b"] {
            assert_eq!(local(ours), ours);
        }
        for theirs in [
            "",
            "rooms/",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "\t//evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/a\r\nset-cookie: x=y",
            "/é",
        ] {
            assert_eq!(local(theirs), "/rooms/", "{theirs:?}");
        }
    }
}
