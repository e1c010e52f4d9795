//! The chat's flags.

use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use laureola_chat::history::Keep;
use laureola_chat::limits::Limits;
use laureola_chat::{Chat, ChatOptions};

use super::values::seconds;
use crate::layer::LayerArgs;

const HEADING: &str = "Chat";

/// The chat's database and secret, for the server and for the chat's own commands.
#[derive(Clone, Args)]
pub struct SiteArgs {
    /// Where users, sessions, rooms and messages are: `sqlite://PATH` (made if it is not there) or
    /// `postgres://user:password@host:port/name`; a Django site may own the same database
    #[arg(long, value_name = "URL", default_value = "sqlite://chat.sqlite3", value_parser = database_url,
          help_heading = HEADING)]
    pub database_url: String,

    /// Django's SECRET_KEY; others on this machine can see it here, so rather set the environment
    /// variable [default: made once, and kept beside the SQLite file]
    #[arg(long, value_name = "KEY", env = "SECRET_KEY", hide_env_values = true, value_parser = secret_key,
          help_heading = HEADING)]
    pub secret_key: Option<String>,

    /// A key that was SECRET_KEY before (SECRET_KEY_FALLBACKS); may be given several times
    #[arg(long, value_name = "KEY", value_parser = secret_key, help_heading = HEADING)]
    pub secret_key_fallback: Vec<String>,
}

/// What a secret is, no log shall say.
impl std::fmt::Debug for SiteArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SiteArgs").finish_non_exhaustive()
    }
}

/// Everything that is said about the chat.
#[derive(Clone, Debug, Args)]
pub struct ChatArgs {
    /// Its database and secret.
    #[command(flatten)]
    pub site: SiteArgs,

    /// The Redis that servers share what was said last in, and who is there [default: the channel
    /// layer's; without one each server keeps it in its memory]
    #[arg(long, value_name = "URL", help_heading = HEADING)]
    pub chat_redis: Option<String>,

    /// Origins besides the site's own that forms and sockets may come from, such as
    /// `https://www.example.com` or `https://*.example.com`, separated by commas
    #[arg(long, value_name = "ORIGINS", value_delimiter = ',', value_parser = origin, help_heading = HEADING)]
    pub allowed_origins: Vec<String>,

    /// Characters of a message; 0 for no limit
    #[arg(long, value_name = "CHARACTERS", default_value = "4096", help_heading = HEADING)]
    pub chat_message_length: usize,

    /// Messages that one connection may send in ten seconds; 0 for no limit
    #[arg(long, value_name = "MESSAGES", default_value = "50", help_heading = HEADING)]
    pub chat_rate: u32,

    /// Messages of a room that are kept in Redis or in memory; for rooms without accounts there is
    /// nothing else
    #[arg(long, value_name = "MESSAGES", default_value = "200", help_heading = HEADING)]
    pub chat_history: NonZeroUsize,

    /// How long after its last message a room is forgotten there
    #[arg(long, value_name = "SECONDS", default_value = "86400", value_parser = seconds, help_heading = HEADING)]
    pub chat_history_age: Duration,
}

impl ChatArgs {
    /// The plugin with these settings. The channel layer's Redis is the chat's, too, unless it was given another.
    ///
    /// # Errors
    /// The file of `--layer-config` cannot be used.
    pub fn plugin(&self, layer: &LayerArgs) -> Result<Chat> {
        let choice = layer.choice()?;
        Ok(Chat::new(ChatOptions {
            redis_url: self.chat_redis.clone().or(choice.redis),
            layer_prefix: choice.prefix,
            keep: Keep {
                messages: self.chat_history.get(),
                idle: self.chat_history_age,
                ..Keep::default()
            },
            limits: Limits {
                message_length: self.chat_message_length,
                messages_per_10_s: self.chat_rate,
            },
            allowed_origins: self.allowed_origins.clone(),
            ..self.site.options()
        }))
    }
}

impl SiteArgs {
    /// Settings of a chat with this database.
    #[must_use]
    pub fn options(&self) -> ChatOptions {
        ChatOptions {
            database_url: self.database_url.clone(),
            secret_key: self.secret_key.clone(),
            secret_key_fallbacks: self.secret_key_fallback.clone(),
            ..ChatOptions::default()
        }
    }
}

fn database_url(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        Some(("sqlite" | "postgres" | "postgresql", rest)) if !rest.is_empty() => Ok(text.to_owned()),
        _ => Err("expected sqlite://PATH or postgres://[user[:password]@]host[:port]/name".to_owned()),
    }
}

fn secret_key(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("a secret key is not empty: everybody could sign with it".to_owned());
    }
    Ok(text.to_owned())
}

fn origin(text: &str) -> Result<String, String> {
    match text.split_once("://") {
        Some(("http" | "https", host)) if !host.is_empty() && !host.contains(['/', ' ']) => {
            Ok(text.to_owned())
        }
        _ => Err("expected an origin, such as https://www.example.com".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::args::Args;

    #[test]
    fn flags_become_settings() {
        let args = Args::parse_from([
            "laureola",
            "--database-url=postgres://ada:s3cret@db/chat",
            "--secret-key=k1",
            "--secret-key-fallback=k2",
            "--allowed-origins=https://a.example,https://*.b.example",
            "--chat-rate=0",
            "--channel-layer=redis://cache",
            "--layer-prefix=x",
        ]);
        let chat = args.serve.chat.plugin(&args.layer).expect("valid");
        let options = chat.options();
        assert_eq!(options.database_url, "postgres://ada:s3cret@db/chat");
        assert_eq!(options.secret_key.as_deref(), Some("k1"));
        assert_eq!(options.secret_key_fallbacks, ["k2"]);
        assert_eq!(
            options.allowed_origins,
            ["https://a.example", "https://*.b.example"]
        );
        assert_eq!(options.limits.messages_per_10_s, 0);
        assert_eq!(options.redis_url.as_deref(), Some("redis://cache"));
        assert_eq!(options.layer_prefix, "x");
        let shown = format!("{args:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("k1"), "{shown}");
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for bad in [
            "--database-url=mysql://db",
            "--database-url=chat.sqlite3",
            "--secret-key=",
            "--allowed-origins=example.com",
            "--chat-history=0",
            "--chat-rate=-1",
        ] {
            assert!(Args::try_parse_from(["laureola", bad]).is_err(), "{bad}");
        }
    }
}
