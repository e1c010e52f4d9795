//! `--log-fmt`: the `%`-style formats of Python's `logging.Formatter`.

use std::fmt::Write as _;
use std::str::FromStr;

use super::field::{Field, Record, Value};

/// Daphne's default.
pub const DAPHNES: &str = "%(asctime)-15s %(levelname)-8s %(message)s";

/// A parsed format: text and the attributes of a log record, with flags, width and precision.
///
/// Of the conversions `s`, `d` and `f` are known; `%%` is a percent sign.
#[derive(Clone, Debug, PartialEq)]
pub struct Format {
    pieces: Vec<Piece>,
    text: Box<str>,
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Field(Field, Spec),
}

/// `-08.3f` behind a name.
#[derive(Clone, Debug, Default, PartialEq)]
struct Spec {
    left: bool,
    zeros: bool,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

/// No line is padded further, whatever the format says.
const MAX_WIDTH: usize = 1000;

impl Default for Format {
    fn default() -> Self {
        DAPHNES.parse().expect("it is a valid format")
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('%') {
            pieces.push(Piece::Text(before.to_owned()));
            if let Some(behind) = behind.strip_prefix('%') {
                pieces.push(Piece::Text("%".to_owned()));
                rest = behind;
                continue;
            }
            let (name, behind) = behind
                .strip_prefix('(')
                .and_then(|behind| behind.split_once(')'))
                .ok_or("behind % expected a name in parentheses, as in %(message)s, or %%")?;
            let field: Field = name.parse()?;
            let (spec, behind) = Spec::parse(behind).ok_or_else(|| wrong_spec(name))?;
            if spec.conversion != 's' && !field.is_number() {
                return Err(format!("%({name}) is text: write %({name})s"));
            }
            pieces.push(Piece::Field(field, spec));
            rest = behind;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        if !pieces.iter().any(|piece| matches!(piece, Piece::Field(..))) {
            return Err("a format without a single %(name)s says nothing".to_owned());
        }
        Ok(Self {
            pieces,
            text: text.into(),
        })
    }
}

fn wrong_spec(name: &str) -> String {
    format!("behind %({name}) expected s, d or f, with a width before it if need be, as in %({name})-8s")
}

impl Spec {
    /// The spec, and what is behind it.
    fn parse(text: &str) -> Option<(Self, &str)> {
        let mut spec = Self::default();
        let flags = text.trim_start_matches(['-', '0', '+', ' ', '#']);
        for flag in text[..text.len() - flags.len()].chars() {
            spec.left |= flag == '-';
            spec.zeros |= flag == '0';
        }
        let mut rest = flags;
        spec.width = number(&mut rest)?.unwrap_or(0);
        if let Some(behind) = rest.strip_prefix('.') {
            rest = behind;
            spec.precision = Some(number(&mut rest)?.unwrap_or(0));
        }
        spec.conversion = rest.chars().next().filter(|c| matches!(c, 's' | 'd' | 'f'))?;
        Some((spec, &rest[1..]))
    }

    fn write(&self, value: Value<'_>, line: &mut String) {
        let text = match (self.conversion, value) {
            ('d', Value::Number(number)) => format!("{:.0}", number.trunc()),
            ('f', Value::Number(number)) => format!("{number:.0$}", self.precision.unwrap_or(6)),
            (_, value) => {
                let text = match value {
                    Value::Number(number) => number.to_string(),
                    Value::Text(text) => text.into_owned(),
                };
                match self.precision {
                    Some(precision) => text.chars().take(precision).collect(),
                    None => text,
                }
            }
        };
        // Writing to a string cannot fail.
        let _ = match (self.left, self.zeros && self.conversion != 's') {
            (true, _) => write!(line, "{text:<0$}", self.width),
            (_, true) => write!(line, "{text:0>0$}", self.width),
            _ => write!(line, "{text:>0$}", self.width),
        };
    }
}

/// Takes a number off the front. `None` for one that is too great, `Some(None)` for none.
fn number(text: &mut &str) -> Option<Option<usize>> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = &text[..text.len() - rest.len()];
    *text = rest;
    if digits.is_empty() {
        return Some(None);
    }
    let number = digits.parse().ok().filter(|number| *number <= MAX_WIDTH)?;
    Some(Some(number))
}

impl Format {
    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line of `record`, without its end.
    pub(super) fn render(&self, record: &Record<'_>) -> String {
        let mut line = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => line.push_str(text),
                Piece::Field(field, spec) => spec.write(field.of(record), &mut line),
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    fn rendered(format: &str) -> String {
        let record = Record {
            level: Level::WARN,
            target: "laureola_server::listener",
            file: Some("src/listener.rs"),
            line: Some(7),
            message: "it works",
            now: "2026-03-01T12:30:05.0421+01:00[+01:00]".parse().expect("a time"),
        };
        format.parse::<Format>().expect(format).render(&record)
    }

    #[test]
    fn the_default_is_pythons_line() {
        assert_eq!(rendered(DAPHNES), "2026-03-01 12:30:05,042 WARNING  it works");
    }

    #[test]
    fn widths_precisions_and_numbers_are_pythons() {
        assert_eq!(rendered("[%(levelname)10s]"), "[   WARNING]");
        assert_eq!(rendered("[%(levelname)-10.4s]"), "[WARN      ]");
        assert_eq!(rendered("%(levelno)05d %(lineno)d %%"), "00030 7 %");
        assert_eq!(rendered("%(msecs)03d|%(msecs).1f|%(levelno)s"), "042|42.1|30");
        assert_eq!(rendered("%(created).3f"), "1772364605.042");
        assert_eq!(
            rendered("%(name)s %(module)s %(filename)s"),
            "laureola_server.listener listener listener.rs"
        );
        assert_eq!(rendered("%(process)d"), std::process::id().to_string());
        assert_eq!(rendered("«%(message)s»"), "«it works»");
    }

    #[test]
    fn what_python_could_not_write_is_refused() {
        for (format, expected) in [
            ("hello", "says nothing"),
            ("%s", "in parentheses"),
            ("%(message", "in parentheses"),
            ("%(colour)s", "unknown"),
            ("%(message)", "expected s, d or f"),
            ("%(message)d", "%(message) is text"),
            ("%(message)99999s", "expected s, d or f"),
            ("{message}", "says nothing"),
        ] {
            let error = format.parse::<Format>().expect_err(format);
            assert!(error.contains(expected), "{format}: {error}");
        }
    }
}
