//! Django's path converters, and a site's own.

use std::sync::Arc;

/// What a part of a URL must look like (Django: `<converter:name>`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Converter {
    /// Any text without `/`; the default.
    Str,
    /// Digits.
    Int,
    /// ASCII letters, digits, `-` and `_`.
    Slug,
    /// A UUID in lower-case hex with hyphens.
    Uuid,
    /// Any text, `/` included.
    Path,
}

impl Converter {
    /// The converter of a name in a pattern.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            "str" => Self::Str,
            "int" => Self::Int,
            "slug" => Self::Slug,
            "uuid" => Self::Uuid,
            "path" => Self::Path,
            _ => return None,
        })
    }

    /// The regular expression it stands for.
    #[must_use]
    pub fn regex(self) -> &'static str {
        match self {
            Self::Str => "[^/]+",
            Self::Int => "[0-9]+",
            Self::Slug => "[-a-zA-Z0-9_]+",
            Self::Uuid => "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            Self::Path => ".+",
        }
    }
}

/// Converters by name: Django's, and a site's own (Django: `register_converter`).
///
/// ```
/// use laureola_consumers::routing::{Converters, path_with};
/// # let application = laureola_asgi::router::NotFound;
///
/// let converters = Converters::default()
///     .with("yyyy", "[0-9]{4}")
///     // Django: a `to_python` that raises ValueError.
///     .with_check("even", "[0-9]+", |text| text.ends_with(['0', '2', '4', '6', '8']));
/// let route = path_with(&converters, "archive/<yyyy:year>/<even:page>/", application);
/// # let _ = route;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Converters(Vec<Own>);

/// Whether a text that the expression matches is a value.
pub(super) type Check = fn(&str) -> bool;

#[derive(Clone, Debug)]
struct Own {
    name: Arc<str>,
    regex: Arc<str>,
    check: Option<Check>,
}

impl Converters {
    /// One more, by its regular expression. One of the same name counts no more.
    #[must_use]
    pub fn with(self, name: &str, regex: &str) -> Self {
        self.add(name, regex, None)
    }

    /// The same with a check of what matched: where it says no, the pattern does not match.
    #[must_use]
    pub fn with_check(self, name: &str, regex: &str, check: fn(&str) -> bool) -> Self {
        self.add(name, regex, Some(check))
    }

    fn add(mut self, name: &str, regex: &str, check: Option<Check>) -> Self {
        self.0.retain(|own| &*own.name != name);
        self.0.push(Own {
            name: name.into(),
            regex: regex.into(),
            check,
        });
        self
    }

    /// The expression and the check of a converter.
    pub(super) fn find(&self, name: &str) -> Option<(&str, Option<Check>)> {
        if let Some(own) = self.0.iter().find(|own| &*own.name == name) {
            return Some((&own.regex, own.check));
        }
        Some((Converter::by_name(name)?.regex(), None))
    }

    /// Every name, for errors.
    pub(super) fn names(&self) -> String {
        let mut names = vec!["str", "int", "slug", "uuid", "path"];
        names.extend(self.0.iter().map(|own| &*own.name));
        names.join(", ")
    }
}
