//! A running mirror.

use std::path::Path;
use std::time::Duration;

use laureola_testkit::{Process, wait_until};

/// Deadline of whatever should take no time on a machine that is busy with other tests.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// The server, killed on drop.
pub(crate) struct Site {
    _process: Process,
    /// `http://127.0.0.1:<port>`.
    pub(crate) url: String,
}

impl Site {
    /// Starts it on a free port of 127.0.0.1, with `args` besides.
    pub(crate) fn start(args: &[&str]) -> Self {
        let (process, log) = run(&[&["--port", "0"], args].concat());
        let url = address(&log, "http://").expect("the log names the address");
        Self {
            _process: process,
            url: format!("http://{url}"),
        }
    }
}

/// Starts the server with exactly these arguments, and waits until it listens; the log with it.
fn run(args: &[&str]) -> (Process, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_laureola-example-mirror"));
    let mut process = Process::start("mirror", program, args);
    wait_until("the mirror listens", SOON, || {
        assert!(process.exit_status().is_none(), "{}", process.output());
        process.stderr().contains("listens on ")
    });
    let log = process.stderr();
    (process, log)
}

/// Host and port behind `scheme`, in the line that says where the server listens.
fn address(log: &str, scheme: &str) -> Option<String> {
    let (_, behind) = log.split_once("listens on ")?;
    let (_, behind) = behind.split_once(scheme)?;
    let end = behind.find(|c: char| c == '/' || c == ',' || c.is_whitespace())?;
    Some(behind[..end].to_owned())
}
