//! The command line.

use std::num::NonZeroUsize;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand};

use crate::layer::LayerArgs;
use crate::layer_command::LayerCommand;

const AFTER_HELP: &str = "\
Examples:
  laureola                                      the chat on http://127.0.0.1:8000/, in memory
  laureola -b 0.0.0.0 -p 80                     the same for everybody
  laureola --channel-layer redis://127.0.0.1    rooms shared with other servers and with Django
                                                Channels sites on the same Redis
  laureola layer --channel-layer redis://127.0.0.1 groups
                                                look at the groups that are there

A Django site is in the same rooms when its CHANNEL_LAYERS name the same Redis with
channels_redis.core.RedisChannelLayer and the same prefix (\"asgi\" unless you changed it).
SIGINT (Ctrl-C) and SIGTERM close every socket and exit with 0; a second one ends at once.";

/// Serves plugins over HTTP and WebSocket, with the channel layer of Django Channels.
#[derive(Clone, Debug, Parser)]
#[command(
    version,
    after_help = AFTER_HELP,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub struct Args {
    /// Address to listen on: an IPv4 or IPv6 address (with or without brackets), or a host name
    #[arg(short, long, value_name = "HOST", default_value = "127.0.0.1", value_parser = host)]
    pub bind: String,

    /// TCP port to listen on; 0 takes a free one, which the log names
    #[arg(short, long, value_name = "PORT", default_value_t = 8000)]
    pub port: u16,

    /// How much to log: 0 warnings, 1 what the server does, 2 what every connection does
    #[arg(short, long, value_name = "LEVEL", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=3))]
    pub verbosity: u8,

    /// Worker threads; default: one per processor
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,

    /// Which channel layer; for every subcommand, too.
    #[command(flatten)]
    pub layer: LayerArgs,

    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the command does besides serving.
#[derive(Clone, Debug, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Look inside a channel layer: who is in which group, what waits, what passes
    Layer(LayerCommand),
}

fn host(text: &str) -> Result<String, String> {
    let host = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c == '/') {
        return Err("expected an address or a host name".to_owned());
    }
    Ok(host.to_owned())
}

/// Prints help as it is, and a mistake as one line with a hint. Returns the exit status.
pub(crate) fn report(name: &str, error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // Help into a closed pipe is nobody's failure.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = without_password(error, error.render().to_string());
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        eprint!("{text}");
        return ExitCode::from(2);
    }
    let first = text.lines().next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    // Arguments that are missing stand on lines of their own.
    let missing: Vec<_> = text
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("  ") && !line.trim_start().starts_with("tip:"))
        .map(str::trim)
        .collect();
    let missing = missing.join(" ");
    let space = if missing.is_empty() { "" } else { " " };
    let command = usage_of(&text).unwrap_or_else(|| name.to_owned());
    eprintln!("{name}: {first}{space}{missing} (see {command} --help)");
    ExitCode::from(2)
}

/// A URL that cannot be used may hold a password, and this line may end up in a log.
fn without_password(error: &clap::Error, text: String) -> String {
    let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else {
        return text;
    };
    match (value.split_once("://"), value.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => text.replace(value, &format!("{scheme}://***@{place}")),
        _ => text,
    }
}

/// The command whose usage an error shows: the words in front of its arguments.
fn usage_of(text: &str) -> Option<String> {
    let usage = text.lines().find_map(|line| line.strip_prefix("Usage: "))?;
    let words = usage
        .split(' ')
        .take_while(|word| word.starts_with(char::is_alphanumeric));
    let words: Vec<_> = words.collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::LayerUrl;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn defaults_are_daphnes() {
        let args = Args::parse_from(["laureola"]);
        assert_eq!((args.bind.as_str(), args.port), ("127.0.0.1", 8000));
        assert_eq!(args.layer.channel_layer, None);
        assert!(args.command.is_none(), "serving is what it does by itself");
    }

    #[test]
    fn brackets_and_both_spellings() {
        let args = Args::parse_from(["laureola", "--bind=[::1]", "-p", "0", "--channel-layer=redis://h"]);
        assert_eq!(args.bind, "::1");
        let url = args.layer.channel_layer;
        assert_eq!(url, Some(LayerUrl::Redis("redis://h".to_owned())));
    }

    #[test]
    fn the_layer_may_be_named_before_and_behind_what_to_look_at() {
        let url = "--channel-layer=redis://h";
        for words in [["layer", url, "groups"], ["layer", "groups", url]] {
            let args = Args::parse_from(std::iter::once("laureola").chain(words));
            let url = args.layer.channel_layer;
            assert_eq!(url, Some(LayerUrl::Redis("redis://h".to_owned())));
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for bad in [
            &["--port", "70000"][..],
            &["--port", "http"],
            &["--bind", ""],
            &["--bind", "a b"],
            &["--channel-layer", "amqp://x"],
            &["--layer-prefix", ""],
            &["--threads", "0"],
            &["--verbosity", "4"],
            &["--colour"],
            &["surplus"],
            &["layer"],
            &["layer", "members"],
            &["layer", "members", "no group"],
            &["layer", "gc", "--age", "soon"],
            &["--port", "8001", "layer", "groups"],
        ] {
            let args = std::iter::once("laureola").chain(bad.iter().copied());
            assert!(Args::try_parse_from(args).is_err(), "{bad:?}");
        }
    }
}
