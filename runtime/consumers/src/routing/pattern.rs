//! A URL pattern, compiled.

use std::sync::Arc;

use regex::Regex;

use super::converter::{Check, Converters};

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
    /// What every path begins with that matches: most do not, and this is seen at once.
    beginning: Box<str>,
    /// As it was written.
    text: Arc<str>,
    /// What a converter of the site's own says to the argument of a name.
    checks: Box<[ArgumentCheck]>,
}

/// An argument's name, and the check of its text.
type ArgumentCheck = (Box<str>, Check);

/// An argument's name, if it has one, and its text.
pub(super) type Argument = (Option<Box<str>>, Box<str>);

/// What a pattern found.
#[derive(Debug)]
pub(super) struct Match<'a> {
    pub(super) arguments: Vec<Argument>,
    /// What is behind the match.
    pub(super) rest: &'a str,
}

impl Pattern {
    /// A pattern of Django's `path()`: `chat/<slug:room>/`. It matches the whole path, unless it is a `prefix`.
    pub(super) fn path(pattern: &str, converters: &Converters, prefix: bool) -> Result<Self, PatternError> {
        let failed = |reason: String| PatternError {
            pattern: pattern.to_owned(),
            reason,
        };
        let mut regex = String::from("(?s)^");
        let mut checks = Vec::new();
        let mut rest = pattern;
        while let Some((literal, behind)) = rest.split_once('<') {
            regex.push_str(&regex::escape(literal));
            let (argument, behind) = behind
                .split_once('>')
                .ok_or_else(|| failed("a `<` has no `>`".to_owned()))?;
            let (converter, name) = argument.split_once(':').unwrap_or(("str", argument));
            let (known, check) = converters.find(converter).ok_or_else(|| {
                let names = converters.names();
                failed(format!("there is no converter {converter:?}; there are {names}"))
            })?;
            if !is_identifier(name) {
                return Err(failed(format!("{name:?} is no name for an argument")));
            }
            regex.push_str(&format!("(?P<{name}>{known})"));
            checks.extend(check.map(|check| (Box::from(name), check)));
            rest = behind;
        }
        regex.push_str(&regex::escape(rest));
        if !prefix {
            regex.push('$');
        }
        let beginning = pattern.split('<').next().unwrap_or_default();
        Self::compile(pattern, &regex, beginning, checks)
    }

    /// A pattern of Django's `re_path()`: searched from the beginning. Its named groups are the arguments, or, where
    /// there is no named one, all.
    pub(super) fn re_path(pattern: &str) -> Result<Self, PatternError> {
        Self::compile(pattern, &format!("^(?:{pattern})"), "", Vec::new())
    }

    fn compile(
        pattern: &str,
        regex: &str,
        beginning: &str,
        checks: Vec<ArgumentCheck>,
    ) -> Result<Self, PatternError> {
        match Regex::new(regex) {
            Ok(regex) => Ok(Self {
                regex,
                beginning: beginning.into(),
                text: pattern.into(),
                checks: checks.into(),
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

    /// The arguments, if the path (without its leading `/`) matches.
    pub(super) fn matches<'a>(&self, path: &'a str) -> Option<Match<'a>> {
        if !path.starts_with(&*self.beginning) {
            return None;
        }
        let captures = self.regex.captures(path)?;
        let end = captures.get(0)?.end();
        let is_refused = |(name, check): &ArgumentCheck| {
            let value = captures.name(name);
            value.is_some_and(|value| !check(value.as_str()))
        };
        if self.checks.iter().any(is_refused) {
            return None;
        }
        let is_named = self.regex.capture_names().flatten().next().is_some();
        let groups = self.regex.capture_names().zip(captures.iter()).skip(1);
        let arguments = groups.filter_map(|(name, value)| {
            let wanted = name.is_some() || !is_named;
            Some((name.map(Box::from), Box::from(value.filter(|_| wanted)?.as_str())))
        });
        Some(Match {
            arguments: arguments.collect(),
            rest: &path[end..],
        })
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
        let pattern = Pattern::path(pattern, &Converters::default(), false).expect("a valid pattern");
        let found = pattern.matches(path)?.arguments.into_iter();
        Some(
            found
                .map(|(name, value)| (name.expect("a name").into(), value.into()))
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
        let path = |pattern| Pattern::path(pattern, &Converters::default(), false);
        let error = path("chat/<foo:room>/")
            .expect_err("no such converter")
            .to_string();
        assert!(error.contains("there is no converter \"foo\""), "{error}");
        assert!(path("chat/<room").is_err());
        assert!(path("chat/<int:>").is_err());
        assert!(Pattern::re_path("(").is_err());
    }
    #[test]
    fn named_groups_hide_those_without_a_name_as_in_django() {
        let values = |pattern: &str, path: &str| -> Vec<String> {
            let pattern = Pattern::re_path(pattern).expect("valid");
            let found = pattern.matches(path).expect("it matches").arguments;
            found.into_iter().map(|(_, value)| value.into()).collect()
        };
        assert_eq!(values(r"(\w+)/(\d+)/$", "a/7/"), ["a", "7"]);
        assert_eq!(values(r"(\w+)/(?P<id>\d+)/$", "a/7/"), ["7"]);
        assert_eq!(values(r"(a)?(b)$", "b"), ["b"]);
    }

    #[test]
    fn a_converter_of_ones_own_may_refuse_what_it_matches() {
        let converters = Converters::default().with_check("even", "[0-9]+", |text| text.ends_with('2'));
        let pattern = Pattern::path("p/<even:n>/", &converters, false).expect("valid");
        assert!(pattern.matches("p/12/").is_some());
        assert!(pattern.matches("p/13/").is_none());
        assert!(pattern.matches("p/x2/").is_none());
    }
}
