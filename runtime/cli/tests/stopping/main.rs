//! The end of a server process, with signals and many sockets. A binary of its own: it opens
//! thousands of files, and runs itself as the server it stops.

mod many;
mod plugin;
mod ready;
mod stuck;

use std::process::{Command, ExitCode};
use std::time::Duration;

use laureola::Plugins;
use laureola_testkit::{Process, WebSocket, wait_until};
use plugin::Witness;

/// Whatever should happen soon.
const SOON: Duration = Duration::from_secs(20);
/// Arguments of the server process, one a line.
const ARGS: &str = "LAUREOLA_TEST_ARGS";

/// A process that serves the [`Witness`].
struct Server {
    process: Process,
    port: u16,
}

impl Server {
    fn start(args: &[&str]) -> Self {
        let itself = std::env::current_exe().expect("this binary");
        let args = [&["laureola", "--port", "0"], args].concat().join("\n");
        let mut command = Command::new(itself);
        command.args(["--exact", "the_server_process", "--ignored", "--nocapture"]);
        let mut process = Process::spawn("the server", command.env(ARGS, args));
        let mut port = None;
        wait_until("the server listens", SOON, || {
            assert!(process.exit_status().is_none(), "{}", process.output());
            port = listening_port(&process.stderr());
            port.is_some()
        });
        Self {
            process,
            port: port.expect("it listens"),
        }
    }

    fn open(&self, path: &str) -> WebSocket {
        WebSocket::connect(self.port, path, &[])
    }
}

fn listening_port(log: &str) -> Option<u16> {
    let (_, behind) = log.split_once("listens on http://")?;
    let (address, _) = behind.split_once('/')?;
    address.rsplit_once(':')?.1.parse().ok()
}

#[test]
#[ignore = "it is what the others start"]
fn the_server_process() -> ExitCode {
    let Ok(args) = std::env::var(ARGS) else {
        return ExitCode::SUCCESS;
    };
    laureola_cli::run_from("laureola", Plugins::new().with(Witness::default()), args.lines())
}
