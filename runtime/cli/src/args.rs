//! The command line.
//!
//! A file a group of flags, in the order of `--help`: `listen`, `tls`, `response`, `lifespan`, `timeouts`, `limits`, `compression`,
//! `stopping`, `processes`, `python`, `observe`, `logging`, `chat`; `values` has what they take.

#[cfg(feature = "chat")]
mod chat;
mod compression;
mod lifespan;
mod limits;
mod listen;
mod logging;
mod observe;
mod processes;
mod python;
mod response;
mod stopping;
mod timeouts;
mod tls;
mod values;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Parser, Subcommand};
use laureola::server::{Builder, Endpoint};

#[cfg(feature = "chat")]
pub use chat::{ChatArgs, SiteArgs};
pub use compression::Compression;
pub use lifespan::{LifespanArgs, Mode};
pub use limits::LimitArgs;
pub use listen::Listen;
pub use logging::LoggingArgs;
pub use observe::ObserveArgs;
pub use processes::Processes;
pub use python::{EventLoop, PythonArgs};
pub use response::Response;
pub use stopping::Stopping;
pub use timeouts::Timeouts;
pub use tls::{ClientAuth, Protocols};
pub use values::Limit;
pub(crate) use values::seconds;

#[cfg(feature = "chat")]
use crate::chat_command::ChatCommand;
use crate::check::CheckCommand;
use crate::completions::CompletionsCommand;
use crate::layer::LayerArgs;
use crate::layer_command::LayerCommand;
use crate::worker_command::WorkerCommand;

const AFTER_HELP: &str = "\
Examples:
  laureola                                      the chat on http://127.0.0.1:8000/, in memory
  laureola -b 0.0.0.0 -p 80                     the same for everybody
  laureola --channel-layer redis://127.0.0.1    rooms shared with other servers and with Django
                                                Channels sites on the same Redis
  laureola -u /run/site.sock --workers 4        four processes behind one UNIX socket
  laureola --tls-cert site.pem -b 0.0.0.0 -p 443
                                                HTTPS and HTTP/2
  laureola check -e ssl:443:privateKey=k.pem:certKey=c.pem
                                                is everything right with it?
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
    // As Python's argparse reads them: the last of several counts, and a beginning is enough.
    args_override_self = true,
    infer_long_args = true,
    disable_help_subcommand = true
)]
pub struct Args {
    /// What serving takes.
    #[command(flatten)]
    pub serve: ServeArgs,

    /// Which channel layer; for every subcommand, too.
    #[command(flatten)]
    pub layer: LayerArgs,

    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Args {
    /// What cannot be done, in words for the command line. `hosts` says whether there is somebody to run an
    /// application.
    ///
    /// # Errors
    /// Which flag, and what to do.
    pub fn check(&self, hosts: bool) -> Result<(), String> {
        let serve = match &self.command {
            Some(Command::Check(command)) => &command.serve,
            _ => &self.serve,
        };
        if hosts
            && matches!(self.command, None | Some(Command::Check(_)))
            && serve.application.is_none()
            && serve.python.plugins.is_empty()
        {
            return Err(
                "there is nothing to serve: name an application, as in mysite.asgi:application".to_owned(),
            );
        }
        serve.check(hosts).and_then(|()| self.layer.check())
    }
}

/// Everything that is said about serving.
#[derive(Clone, Debug, clap::Args)]
pub struct ServeArgs {
    /// The Python application to serve, as path.to.module:instance.path; only the laureola command that
    /// pip installs can
    #[arg(value_name = "APPLICATION", value_parser = application)]
    pub application: Option<String>,

    /// Where to listen.
    #[command(flatten)]
    pub listen: Listen,

    /// TLS, the PROXY protocol, HTTP/2.
    #[command(flatten)]
    pub protocols: Protocols,

    /// The application's own life.
    #[command(flatten)]
    pub lifespan: LifespanArgs,

    /// The server's name.
    #[command(flatten)]
    pub response: Response,

    /// How long things may take.
    #[command(flatten)]
    pub timeouts: Timeouts,

    /// What one client may cost.
    #[command(flatten)]
    pub limits: LimitArgs,

    /// WebSocket compression.
    #[command(flatten)]
    pub compression: Compression,

    /// How the server ends.
    #[command(flatten)]
    pub stopping: Stopping,

    /// Processes and threads.
    #[command(flatten)]
    pub processes: Processes,

    /// How Python runs.
    #[command(flatten)]
    pub python: PythonArgs,

    /// Reverse proxies, the access log, the admin address.
    #[command(flatten)]
    pub observe: ObserveArgs,

    /// What is logged.
    #[command(flatten)]
    pub logging: LoggingArgs,

    /// The chat, where the command has it as a plugin.
    #[cfg(feature = "chat")]
    #[command(flatten)]
    pub chat: ChatArgs,
}

impl ServeArgs {
    /// A server with these settings.
    pub(crate) fn apply(&self, builder: Builder) -> Builder {
        let builder = builder.backlog(self.listen.backlog);
        let builder = builder.reuse_port(self.processes.worker.is_some());
        let builder = self.protocols.apply(builder);
        let builder = self.lifespan.apply(builder);
        let builder = self.response.apply(builder);
        let builder = self.timeouts.apply(builder);
        let builder = self.limits.apply(builder);
        let builder = self.compression.apply(builder);
        let builder = self.observe.apply(builder);
        self.stopping.apply(builder)
    }

    /// Every listener that is wanted.
    pub(crate) fn endpoints(&self) -> Vec<Endpoint> {
        let endpoints = self.listen.endpoints().into_iter();
        let mut endpoints: Vec<_> = endpoints.map(|endpoint| self.protocols.wrap(endpoint)).collect();
        // A worker takes over what its parent holds.
        for (endpoint, handover) in endpoints.iter_mut().zip(&self.processes.worker_takes) {
            endpoint.take_over(handover);
        }
        endpoints
    }

    /// What cannot be done, in words for the command line.
    ///
    /// # Errors
    /// Which flag, and what to do.
    pub fn check(&self, hosts: bool) -> Result<(), String> {
        match &self.application {
            Some(application) if !hosts => Err(format!(
                "cannot serve the Python application {application}: this command has no Python in it, the one \
                 that `pip install laureola` brings has"
            )),
            _ => Ok(()),
        }
    }
}

/// `path.to.module:instance.path`, or a subcommand that is spelled wrongly.
fn application(text: &str) -> Result<String, String> {
    if text.contains([':', '.']) {
        Ok(text.to_owned())
    } else {
        Err("it is neither a subcommand nor an application, as in mysite.asgi:application".to_owned())
    }
}

/// What the command does besides serving.
#[derive(Clone, Debug, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Look inside a channel layer: who is in which group, what waits, what passes
    Layer(LayerCommand),
    /// Say what would be served with these flags, and what is wrong with them, without serving
    Check(Box<CheckCommand>),
    /// Write the flags for a shell's Tab key to stdout
    Completions(CompletionsCommand),
    /// Run the consumers of named channels, as Channels' runworker does
    Worker(WorkerCommand),
    /// Look after the chat's database: a superuser, rooms, a demo, everything that was said in a room
    #[cfg(feature = "chat")]
    Chat(ChatCommand),
}

/// Prints help as it is, and a mistake as one line with a hint. Returns the exit status.
pub(crate) fn report(name: &str, error: &clap::Error) -> u8 {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // Help into a closed pipe is nobody's failure.
        let _ = error.print();
        return 0;
    }
    let text = without_password(error, error.render().to_string());
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        eprint!("{text}");
        return 2;
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
    2
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
    use std::time::Duration;

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
        assert_eq!(args.serve.listen.endpoints(), [Endpoint::tcp("127.0.0.1", 8000)]);
        let timeouts = args.serve.timeouts;
        let seconds = |seconds| Limit(Some(Duration::from_secs(seconds)));
        assert_eq!(timeouts.http_timeout, None);
        assert_eq!(timeouts.application_close_timeout, Duration::from_secs(10));
        assert_eq!(
            (timeouts.ping_interval, timeouts.ping_timeout),
            (seconds(20), seconds(30))
        );
        assert_eq!(timeouts.websocket_timeout, seconds(86400));
        assert_eq!(timeouts.websocket_connect_timeout, seconds(5));
        let limits = args.serve.limits;
        assert_eq!(limits.websocket_max_message_size, 1 << 20);
        assert_eq!(limits.websocket_max_frame_size, 1 << 20);
        assert_eq!(args.serve.logging.verbosity, 1);
        assert_eq!(args.layer.channel_layer, None);
        assert!(args.command.is_none(), "serving is what it does by itself");
    }

    #[test]
    fn brackets_and_both_spellings() {
        let args = Args::parse_from(["laureola", "--bind=[::1]", "-p", "0", "--channel-layer=redis://h"]);
        assert_eq!(args.serve.listen.endpoints(), [Endpoint::tcp("::1", 0)]);
        let url = args.layer.channel_layer;
        assert_eq!(url, Some(LayerUrl::Redis("redis://h".to_owned())));
    }

    #[test]
    fn flags_are_read_as_pythons_argparse_reads_them() {
        let parse = |args: &[&str]| Args::parse_from(std::iter::once(&"laureola").chain(args)).serve;
        for spelling in [&["--websocket_timeout", "-1"][..], &["--websocket_timeout=-1"]] {
            assert_eq!(parse(spelling).timeouts.websocket_timeout, Limit(None));
        }
        assert_eq!(
            parse(&["-v", "0", "-v2"]).logging.verbosity,
            2,
            "the last one counts"
        );
        assert_eq!(
            parse(&["--verb", "3"]).logging.verbosity,
            3,
            "a beginning is enough"
        );
        let name = |args: &[&str]| {
            let response = parse(args).response;
            (!response.no_server_name).then_some(response.server_name)
        };
        assert_eq!(name(&["-s", "x", "--no-server-name"]), None);
        assert_eq!(name(&["--no-server-name", "-s", "x"]), Some("x".to_owned()));
        let serve = parse(&["-p", "1", "mysite.asgi:application", "-b", "::1"]);
        assert_eq!(serve.application.as_deref(), Some("mysite.asgi:application"));
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
            &["--endpoint", "udp:53"],
            &["--fd", "-1"],
            &["--uds-permissions", "660"],
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
