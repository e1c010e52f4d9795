//! `--layer-config FILE`: the `CHANNEL_LAYERS` of Django's settings as JSON or TOML.
//!
//! ```toml
//! [default]
//! BACKEND = "channels_redis.core.RedisChannelLayer"
//!
//! [default.CONFIG]
//! hosts = ["redis://cache:6379"]
//! capacity = 1000
//! ```

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use laureola::layers::LayersConfig;
use laureola::message::Value;
use serde::de::{DeserializeOwned, Deserializer};

use super::all::Other;
use super::backend::{Backend, Choice, DEFAULT_PREFIX};

/// What the file says about the layer with this alias.
///
/// # Errors
/// The file cannot be read, is neither JSON nor TOML, or says what we cannot use. The error names
/// the file, the alias and the key.
pub fn read(file: &Path, alias: &str) -> Result<Choice> {
    let name = file.display();
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read the layer configuration {name}"))?;
    let layers = parse(file, &text).with_context(|| name.to_string())?;
    let entry = layers.get(alias).with_context(|| name.to_string())?;
    let backend = Backend::from_config(entry).map_err(|error| anyhow!("{name}: {alias}: {error}"))?;
    let prefix = entry.config.get("prefix").and_then(|prefix| prefix.as_str());
    let hosts = entry.config.get("hosts").and_then(Value::as_array);
    let redis = match hosts {
        Some([host]) => host.as_str().filter(|host| host.contains("://")),
        _ => None,
    };
    Ok(Choice {
        redis: redis.map(str::to_owned),
        backend,
        prefix: prefix.unwrap_or(DEFAULT_PREFIX).to_owned(),
        others: others(&layers, alias),
        alias: Some(alias.to_owned()),
        name: format!("{alias} of {name}"),
    })
}

/// The entries but one.
fn others(layers: &LayersConfig, but: &str) -> Vec<Other> {
    let aliases = layers.aliases().filter(|alias| *alias != but);
    let entries = aliases.filter_map(|alias| Some((alias, layers.get(alias).ok()?)));
    entries
        .map(|(alias, entry)| (alias.to_owned(), Backend::from_config(entry)))
        .collect()
}

fn parse(file: &Path, text: &str) -> Result<LayersConfig> {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("json") => traced(&mut serde_json::Deserializer::from_str(text), ToString::to_string),
        Some("toml") => {
            let wrong = |error: &toml::de::Error| at_line(text, error);
            let reader = toml::Deserializer::parse(text).map_err(|error| anyhow!(wrong(&error)))?;
            traced(reader, wrong)
        }
        _ => bail!("a layer configuration is a .json or a .toml file"),
    }
}

/// Puts the path to the value in question in front of an error.
fn traced<'de, T, D>(reader: D, reason: impl Fn(&D::Error) -> String) -> Result<T>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
{
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let reason = reason(error.inner());
        match error.path().to_string().as_str() {
            "." | "?" => anyhow!(reason),
            path => anyhow!("{path}: {reason}"),
        }
    })
}

/// TOML's own words quote the line, and with it perhaps a password.
fn at_line(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().lines().next().unwrap_or_default();
    let Some(span) = error.span() else {
        return message.to_owned();
    };
    let before = text.as_bytes().iter().take(span.start);
    let line = before.filter(|byte| **byte == b'\n').count() + 1;
    format!("{message} at line {line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(name: &str, text: &str) -> Result<LayersConfig, String> {
        parse(Path::new(name), text).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn toml_and_json_say_the_same() {
        let json = r#"{"default": {"BACKEND": "a.B", "CONFIG": {"channel_capacity": {"z": 1, "a": 2}}}}"#;
        let toml = "[default]\nBACKEND = \"a.B\"\n[default.CONFIG.channel_capacity]\nz = 1\na = 2\n";
        let entry = |name, text| {
            let layers = layers(name, text).expect("valid");
            layers.get("default").expect("it is there").clone()
        };
        let (json, toml) = (entry("l.json", json), entry("l.toml", toml));
        assert_eq!(json.backend, toml.backend);
        assert_eq!(json.config, toml.config, "and in the same order");
    }

    #[test]
    fn an_error_names_the_place_and_no_secret() {
        for (name, text, expected) in [
            ("l.json", "{", "EOF while parsing"),
            (
                "l.json",
                r#"{"default": {"BACKEND": 1}}"#,
                "default.BACKEND: invalid type: integer",
            ),
            (
                "l.json",
                r#"{"other": {"CONFIG": {}}}"#,
                "other: missing field `BACKEND`",
            ),
            ("l.toml", "[default]\npassword = s3cret", "at line 2"),
            (
                "l.toml",
                "[default]\nBACKEND = 1\n",
                "default.BACKEND: invalid type: integer",
            ),
            ("l.yaml", "", "a .json or a .toml file"),
        ] {
            let error = layers(name, text).expect_err("not valid");
            assert!(error.contains(expected) && !error.contains("s3cret"), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
