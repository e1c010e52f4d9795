//! The server, a child process.

use std::env;
use std::process::Command;
use std::time::{Duration, Instant};

use laureola_testkit::Process;
use tempfile::TempDir;

use super::application::Application;

/// Set in the environment of a bench that is to be the server, to the application's name; a
/// variable, so that the arguments are left to the `laureola` command's own parser.
pub const MARKER: &str = "LAUREOLA_BENCH_SERVER";

const START_DEADLINE: Duration = Duration::from_secs(20);
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// A running server on a free port of 127.0.0.1; killed on drop.
#[derive(Debug)]
pub struct Server {
    process: Process,
    port: u16,
    /// Where the chat makes its database.
    _place: TempDir,
}

impl Server {
    /// Starts this very program with [`MARKER`] set, and waits until it listens.
    ///
    /// # Errors
    /// What it wrote, if it does not.
    pub fn start(application: Application, channel_layer: &str) -> Result<Self, String> {
        let program = env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
        let place = tempfile::tempdir().map_err(|error| format!("no temporary directory: {error}"))?;
        let mut command = Command::new(program);
        command.env(MARKER, application.name()).current_dir(&place);
        if application == Application::Chat {
            command.args(["--port", "0", "--channel-layer", channel_layer]);
        }
        let mut process = Process::spawn("the server", &mut command);
        let end = Instant::now() + START_DEADLINE;
        loop {
            if let Some(port) = listening(&process.stderr()) {
                return Ok(Self {
                    process,
                    port,
                    _place: place,
                });
            }
            if process.exit_status().is_some() || Instant::now() > end {
                return Err(format!("the server does not listen\n{}", process.output()));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Asks it to stop, and waits for that.
    ///
    /// # Errors
    /// How it ended instead of with success.
    pub fn stop(mut self) -> Result<(), String> {
        self.process.terminate();
        let end = Instant::now() + STOP_DEADLINE;
        while Instant::now() < end {
            match self.process.exit_status() {
                Some(status) if status.success() => return Ok(()),
                Some(status) => {
                    return Err(format!(
                        "the server ended with {status}\n{}",
                        self.process.output()
                    ));
                }
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
        Err(format!("the server did not stop within {STOP_DEADLINE:?}"))
    }
}

/// The port in the server's line about its address.
fn listening(log: &str) -> Option<u16> {
    let (_, rest) = log.split_once("listens on http://127.0.0.1:")?;
    rest.split_once('/')?.0.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_taken_from_a_whole_line() {
        let line = "INFO Laureola 0.1.0 listens on http://127.0.0.1:54321/ (channel layer memory://)";
        assert_eq!(listening(line), Some(54_321));
        assert_eq!(
            listening("INFO Laureola 0.1.0 listens on http://127.0.0.1:543"),
            None
        );
        assert_eq!(listening(""), None);
    }
}
