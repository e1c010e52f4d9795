//! What `--channel-layer` takes.

use std::fmt;
use std::str::FromStr;

use laureola::redis::Host;

/// Where a channel layer is.
#[derive(Clone, PartialEq, Eq)]
pub enum LayerUrl {
    /// `memory://`: this process alone.
    Memory,
    /// `redis://…`, `rediss://…`, `unix://…`: shared.
    Redis(String),
}

impl FromStr for LayerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            Some(("memory", "")) => Ok(Self::Memory),
            Some(("redis" | "rediss" | "unix", rest)) if !rest.is_empty() => {
                Host::parse(text).map_err(|error| error.to_string())?;
                Ok(Self::Redis(text.to_owned()))
            }
            _ => Err(
                "expected memory:// or redis://host[:port][/db] (rediss:// with TLS, unix:///path)"
                    .to_owned(),
            ),
        }
    }
}

/// The URL without user and password.
impl fmt::Display for LayerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory://"),
            Self::Redis(url) => Host::from(url.as_str()).fmt(f),
        }
    }
}

impl fmt::Debug for LayerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let url: LayerUrl = "redis://:s3cret@cache:6380/2".parse().expect("valid");
        assert_eq!(
            format!("{url} {url:?}"),
            "redis://cache:6380/2 redis://cache:6380/2"
        );
    }

    #[test]
    fn only_known_schemes() {
        for (text, shown) in [
            ("memory://", "memory://"),
            ("redis://localhost", "redis://localhost:6379/0"),
            ("rediss://cache/1", "rediss://cache:6379/1"),
            ("unix:///run/redis.sock", "unix:///run/redis.sock?db=0"),
        ] {
            assert_eq!(text.parse::<LayerUrl>().expect("valid").to_string(), shown);
        }
        for text in [
            "",
            "memory",
            "memory://x",
            "redis://",
            "redis://h:port",
            "http://localhost",
            "localhost:6379",
        ] {
            assert!(text.parse::<LayerUrl>().is_err(), "{text}");
        }
    }
}
