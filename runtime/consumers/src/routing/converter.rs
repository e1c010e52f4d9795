//! Django's path converters.

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
