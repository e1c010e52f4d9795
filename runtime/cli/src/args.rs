//! The command line.

use std::num::NonZeroUsize;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::layer::LayerUrl;

const AFTER_HELP: &str = "\
Examples:
  laureola                                      the chat on http://127.0.0.1:8000/, in memory
  laureola -b 0.0.0.0 -p 80                     the same for everybody
  laureola --channel-layer redis://127.0.0.1    rooms shared with other servers and with Django
                                                Channels sites on the same Redis

A Django site is in the same rooms when its CHANNEL_LAYERS name the same Redis with
channels_redis.core.RedisChannelLayer and the same prefix (\"asgi\" unless you changed it).
SIGINT (Ctrl-C) and SIGTERM close every socket and exit with 0; a second one ends at once.";

/// Serves plugins over HTTP and WebSocket, with the channel layer of Django Channels.
#[derive(Clone, Debug, Parser)]
#[command(version, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Args {
    /// Address to listen on: an IPv4 or IPv6 address (with or without brackets), or a host name
    #[arg(short, long, value_name = "HOST", default_value = "127.0.0.1", value_parser = host)]
    pub bind: String,

    /// TCP port to listen on; 0 takes a free one, which the log names
    #[arg(short, long, value_name = "PORT", default_value_t = 8000)]
    pub port: u16,

    /// Channel layer: memory:// for this process alone, or redis://[[user]:password@]host[:port][/db]
    /// to share groups with other processes, in the format of channels_redis
    #[arg(long, value_name = "URL", default_value = "memory://")]
    pub channel_layer: LayerUrl,

    /// Prefix of the layer's Redis keys; the PREFIX of channels_redis
    #[arg(long, value_name = "PREFIX", default_value = "asgi", value_parser = prefix)]
    pub layer_prefix: String,

    /// How many messages may wait in a channel; one over that is refused (send) or dropped and logged
    /// (group_send). Through Redis, all channels of one process share it: raise it on every server and
    /// worker where bursts are to be expected
    #[arg(long, value_name = "MESSAGES", default_value = "100")]
    pub layer_capacity: NonZeroUsize,

    /// How much to log: 0 warnings, 1 what the server does, 2 what every connection does
    #[arg(short, long, value_name = "LEVEL", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=3))]
    pub verbosity: u8,

    /// Worker threads; default: one per processor
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
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

fn prefix(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("a prefix is a text without spaces, such as asgi".to_owned());
    }
    Ok(text.to_owned())
}

/// Prints help as it is, and a mistake as one line with a hint. Returns the exit status.
pub(crate) fn report(name: &str, error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // Help into a closed pipe is nobody's failure.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    let first = text.lines().next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    eprintln!("{name}: {first} (see {name} --help)");
    ExitCode::from(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn defaults_are_daphnes() {
        let args = Args::parse_from(["laureola"]);
        assert_eq!((args.bind.as_str(), args.port), ("127.0.0.1", 8000));
        assert_eq!(args.channel_layer, LayerUrl::Memory);
        assert_eq!(args.layer_prefix, "asgi");
    }

    #[test]
    fn brackets_and_both_spellings() {
        let args = Args::parse_from(["laureola", "--bind=[::1]", "-p", "0", "--channel-layer=redis://h"]);
        assert_eq!(args.bind, "::1");
        assert_eq!(args.channel_layer, LayerUrl::Redis("redis://h".to_owned()));
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
        ] {
            let args = std::iter::once("laureola").chain(bad.iter().copied());
            assert!(Args::try_parse_from(args).is_err(), "{bad:?}");
        }
    }
}
