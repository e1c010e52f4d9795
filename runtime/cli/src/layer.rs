//! The flags that say which channel layer to use, and opening it.
//!
//! # Layout
//! - this file: [`LayerArgs`], the flags
//! - [`url`]: what `--channel-layer` takes
//! - [`file`](mod@file): what `--layer-config` names
//! - `all`: opening a site's layers
//! - [`backend`]: the layers we know, and how one is opened

mod all;
pub mod backend;
pub mod file;
pub mod url;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};
use laureola::layers::registry::DEFAULT_ALIAS;
use laureola::redis::RedisConfig;

pub use backend::{Backend, Choice};
pub use url::LayerUrl;

const HEADING: &str = "Channel layer";

// Not in the field's documentation, where the brackets would be links.
const URL_HELP: &str = "\
memory:// for this process alone, or redis://[[user]:password@]host[:port][/db] (rediss:// with TLS, \
unix:///path/to/socket) to share groups with other processes, in the format of channels_redis \
[default: memory://]";

/// Which channel layer: by its URL and a few options, or by a file.
#[derive(Clone, Debug, Default, Args)]
pub struct LayerArgs {
    /// `--channel-layer URL`.
    #[arg(long, global = true, value_name = "URL", help = URL_HELP, help_heading = HEADING)]
    pub channel_layer: Option<LayerUrl>,

    /// Which layer of channels_redis to share with: core keeps messages in Redis until they are
    /// received, pubsub passes them on and keeps nothing [default: core]
    #[arg(long, global = true, value_name = "KIND", help_heading = HEADING)]
    pub layer_kind: Option<LayerKind>,

    /// Take everything about the layer from this file instead: the CHANNEL_LAYERS of Django's settings
    /// as .json or .toml
    #[arg(long, global = true, value_name = "FILE", help_heading = HEADING)]
    pub layer_config: Option<PathBuf>,

    /// Which entry of the file consumers have their channels in; they reach the others by alias
    /// [default: default]
    #[arg(long, global = true, value_name = "ALIAS", help_heading = HEADING)]
    pub layer_alias: Option<String>,

    /// Prefix of the layer's Redis keys; the prefix of channels_redis [default: asgi]
    #[arg(long, global = true, value_name = "PREFIX", value_parser = prefix, help_heading = HEADING)]
    pub layer_prefix: Option<String>,

    /// How many messages may wait in a channel; one over that is refused (send) or dropped and logged
    /// (group_send). Through Redis, all channels of one process share it: raise it on every server and
    /// worker where bursts are to be expected [default: 100]
    #[arg(long, global = true, value_name = "MESSAGES", help_heading = HEADING)]
    pub layer_capacity: Option<NonZeroUsize>,
}

/// The two wire formats of channels_redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LayerKind {
    /// channels_redis.core.RedisChannelLayer
    Core,
    /// channels_redis.pubsub.RedisPubSubChannelLayer
    #[value(name = "pubsub")]
    PubSub,
}

impl LayerArgs {
    /// Flags that contradict each other, in words for the command line.
    ///
    /// # Errors
    /// Which ones, and what to do.
    pub fn check(&self) -> Result<(), String> {
        if self.layer_config.is_some() {
            let others = [
                ("--channel-layer", self.channel_layer.is_some()),
                ("--layer-kind", self.layer_kind.is_some()),
                ("--layer-prefix", self.layer_prefix.is_some()),
                ("--layer-capacity", self.layer_capacity.is_some()),
            ];
            return match others.iter().find(|(_, given)| *given) {
                Some((flag, _)) => Err(format!(
                    "--layer-config and {flag} cannot be used together: the file says it all"
                )),
                None => Ok(()),
            };
        }
        if self.layer_alias.is_some() {
            return Err("--layer-alias needs --layer-config: it chooses an entry of that file".to_owned());
        }
        if self.url() == &LayerUrl::Memory {
            let others = [
                ("--layer-kind", self.layer_kind.is_some()),
                ("--layer-prefix", self.layer_prefix.is_some()),
            ];
            if let Some((flag, _)) = others.iter().find(|(_, given)| *given) {
                return Err(format!(
                    "{flag} is for layers through Redis: give --channel-layer redis://HOST as well"
                ));
            }
        }
        Ok(())
    }

    /// The layer that is meant; nothing is opened yet.
    ///
    /// # Errors
    /// The file cannot be read, or does not say what we can use.
    pub fn choice(&self) -> Result<Choice> {
        if let Some(file) = &self.layer_config {
            return file::read(file, self.layer_alias.as_deref().unwrap_or(DEFAULT_ALIAS));
        }
        let url = self.url();
        Ok(Choice {
            backend: self.backend(url),
            prefix: self.prefix().to_owned(),
            alias: None,
            others: Vec::new(),
            redis: match url {
                LayerUrl::Redis(url) => Some(url.clone()),
                LayerUrl::Memory => None,
            },
            name: url.to_string(),
        })
    }

    fn backend(&self, url: &LayerUrl) -> Backend {
        let capacity = self.layer_capacity.map_or(100, NonZeroUsize::get);
        match url {
            LayerUrl::Memory => Backend::memory(capacity),
            LayerUrl::Redis(url) => {
                let config = RedisConfig::new(url.as_str())
                    .prefix(self.prefix())
                    .capacity(capacity);
                match self.layer_kind {
                    None | Some(LayerKind::Core) => Backend::Core(config),
                    Some(LayerKind::PubSub) => Backend::PubSub(config),
                }
            }
        }
    }

    fn url(&self) -> &LayerUrl {
        self.channel_layer.as_ref().unwrap_or(&LayerUrl::Memory)
    }

    fn prefix(&self) -> &str {
        self.layer_prefix.as_deref().unwrap_or(backend::DEFAULT_PREFIX)
    }
}

fn prefix(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("a prefix is a text without spaces, such as asgi".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redis() -> LayerArgs {
        LayerArgs {
            channel_layer: Some("redis://cache".parse().expect("a URL")),
            ..LayerArgs::default()
        }
    }

    #[test]
    fn memory_is_the_default() {
        let choice = LayerArgs::default().choice().expect("valid");
        assert!(matches!(choice.backend, Backend::Memory(_)));
        assert_eq!(choice.name, "memory://");
    }

    #[test]
    fn core_is_the_default_kind() {
        let args = redis();
        assert!(matches!(args.choice().expect("valid").backend, Backend::Core(_)));
        let args = LayerArgs {
            layer_kind: Some(LayerKind::PubSub),
            layer_prefix: Some("chat".to_owned()),
            ..args
        };
        assert_eq!(args.check(), Ok(()));
        let choice = args.choice().expect("valid");
        assert!(matches!(choice.backend, Backend::PubSub(_)));
        assert_eq!(choice.prefix, "chat");
    }

    #[test]
    fn flags_that_contradict_each_other_are_refused() {
        let file = Some(PathBuf::from("layers.toml"));
        let cases = [
            (
                LayerArgs {
                    layer_config: file,
                    ..redis()
                },
                "--layer-config and --channel-layer cannot",
            ),
            (
                LayerArgs {
                    layer_alias: Some("x".to_owned()),
                    ..redis()
                },
                "--layer-alias needs --layer-config",
            ),
            (
                LayerArgs {
                    layer_kind: Some(LayerKind::Core),
                    ..LayerArgs::default()
                },
                "--layer-kind is for layers through Redis",
            ),
        ];
        for (args, expected) in cases {
            let error = args.check().expect_err("a contradiction");
            assert!(error.contains(expected), "{error}");
        }
    }
}
