//! A URL pattern, compiled.

use std::sync::Arc;

use regex::Regex;

use super::Converter;

/// A pattern that cannot be compiled.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the URL pattern {pattern:?} is not valid: {reason}")]
pub struct PatternError {
    pattern: String,
    reason: String,
}

/// A URL pattern. Patterns never begin with `/`, as in Django.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    regex: Regex,
    /// As it was written.
    text: Arc<str>,
}

impl Pattern {
    /// A pattern of Django's `path()`: `chat/<slug:room>/`. It matches the whole path.
    pub(super) fn path(pattern: &str) -> Result<Self, PatternError> {
        let failed = |reason: String| PatternError {
            pattern: pattern.to_owned(),
            reason,
        };
        let mut regex = String::from("(?s)^");
        let mut rest = pattern;
        while let Some((literal, behind)) = rest.split_once('<') {
            regex.push_str(&regex::escape(literal));
            let (argument, behind) = behind
                .split_once('>')
                .ok_or_else(|| failed("a `<` has no `>`".to_owned()))?;
            let (converter, name) = argument.split_once(':').unwrap_or(("str", argument));
            let known = Converter::by_name(converter).ok_or_else(|| {
                failed(format!(
                    "there is no converter {converter:?}; there are str, int, slug, uuid and path"
                ))
            })?;
            if !is_identifier(name) {
                return Err(failed(format!("{name:?} is no name for an argument")));
            }
            regex.push_str(&format!("(?P<{name}>{})", known.regex()));
            rest = behind;
        }
        regex.push_str(&regex::escape(rest));
        regex.push('$');
        Self::compile(pattern, &regex)
    }

    /// A pattern of Django's `re_path()`: searched from the beginning, its groups named.
    pub(super) fn re_path(pattern: &str) -> Result<Self, PatternError> {
        Self::compile(pattern, &format!("^(?:{pattern})"))
    }

    fn compile(pattern: &str, regex: &str) -> Result<Self, PatternError> {
        match Regex::new(regex) {
            Ok(regex) => Ok(Self {
                regex,
                text: pattern.into(),
            }),
            Err(error) => Err(PatternError {
                pattern: pattern.to_owned(),
                reason: error.to_string(),
            }),
        }
    }

    /// The pattern as it was written.
    pub(super) fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The named arguments, if the path (without its leading `/`) matches.
    pub(super) fn matches(&self, path: &str) -> Option<Vec<(Box<str>, Box<str>)>> {
        let captures = self.regex.captures(path)?;
        let named = self.regex.capture_names().flatten().filter_map(|name| {
            let value = captures.name(name)?.as_str();
            Some((Box::from(name), Box::from(value)))
        });
        Some(named.collect())
    }
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(pattern: &str, path: &str) -> Option<Vec<(String, String)>> {
        let pattern = Pattern::path(pattern).expect("a valid pattern");
        let found = pattern.matches(path)?;
        Some(
            found
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    fn one(name: &str, value: &str) -> Option<Vec<(String, String)>> {
        Some(vec![(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn converters_match_as_djangos() {
        assert_eq!(arguments("chat/<room>/", "chat/a b/"), one("room", "a b"));
        assert_eq!(arguments("chat/<str:room>/", "chat/café/"), one("room", "café"));
        assert_eq!(arguments("chat/<room>/", "chat//"), None);
        assert_eq!(arguments("chat/<room>/", "chat/a/b/"), None);
        assert_eq!(arguments("n/<int:id>", "n/042"), one("id", "042"));
        assert_eq!(arguments("n/<int:id>", "n/-1"), None);
        assert_eq!(arguments("n/<int:id>", "n/٣"), None);
        assert_eq!(arguments("<slug:s>/", "a-b_C9/"), one("s", "a-b_C9"));
        assert_eq!(arguments("<slug:s>/", "a.b/"), None);
        assert_eq!(arguments("f/<path:p>", "f/a/b.css"), one("p", "a/b.css"));
        let uuid = "075194d3-6885-417e-a8a8-6c931e272f00";
        assert_eq!(arguments("<uuid:u>/", &format!("{uuid}/")), one("u", uuid));
        assert_eq!(arguments("<uuid:u>/", &format!("{}/", uuid.to_uppercase())), None);
        assert_eq!(arguments("", ""), Some(vec![]));
    }

    #[test]
    fn a_pattern_is_literal_and_matches_to_the_end() {
        assert_eq!(arguments("a.c/", "abc/"), None);
        assert_eq!(arguments("chat/", "chat/more"), None);
        assert_eq!(arguments("chat/", "chat/\n"), None);
        assert_eq!(arguments("chat/", "my/chat/"), None);
    }

    #[test]
    fn a_regular_expression_is_anchored_at_the_start() {
        let pattern = Pattern::re_path(r"ws/chat/(?P<room>\w+)/$").expect("valid");
        assert!(pattern.matches("ws/chat/lobby/").is_some());
        assert!(pattern.matches("x/ws/chat/lobby/").is_none());
        assert!(pattern.matches("ws/chat/lobby/\n").is_none());
        let alternatives = Pattern::re_path("a/|b/$").expect("valid");
        assert!(alternatives.matches("xb/").is_none());
    }

    #[test]
    fn a_bad_pattern_says_why() {
        let error = Pattern::path("chat/<foo:room>/")
            .expect_err("no such converter")
            .to_string();
        assert!(error.contains("there is no converter \"foo\""), "{error}");
        assert!(Pattern::path("chat/<room").is_err());
        assert!(Pattern::path("chat/<int:>").is_err());
        assert!(Pattern::re_path("(").is_err());
    }
}
