//! A running mirror.

use std::path::Path;
use std::time::Duration;

use laureola_testkit::{Process, wait_until};

use crate::certificates::Certificates;

/// Deadline of whatever should take no time on a machine that is busy with other tests.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// The server, killed on drop.
pub(crate) struct Site {
    _process: Process,
    /// `http://127.0.0.1:<port>`, with `https` where it speaks TLS; empty without a port.
    pub(crate) url: String,
}

impl Site {
    /// Starts it with TLS; `rest` is added to the endpoint.
    pub(crate) fn secure(certificates: &Certificates, rest: &str) -> Self {
        Self::at(&["--endpoint", &certificates.endpoint(rest)])
    }

    /// Starts it on a free port of 127.0.0.1, with `args` besides.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::at(&[&["--port", "0"], args].concat())
    }

    /// Starts it with exactly these arguments.
    pub(crate) fn at(args: &[&str]) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_laureola-example-mirror"));
        let mut process = Process::start("mirror", program, args);
        wait_until("the mirror listens", SOON, || {
            assert!(process.exit_status().is_none(), "{}", process.output());
            process.stderr().contains("listens on ")
        });
        let url = url(&process.stderr());
        Self {
            _process: process,
            url,
        }
    }
}

/// The first URL in the line that says where the server listens.
fn url(log: &str) -> String {
    let (_, behind) = log.split_once("listens on ").expect("it listens");
    let mut words = behind.split_whitespace();
    let url = words.find(|word| word.starts_with("http")).unwrap_or_default();
    url.trim_end_matches('/').to_owned()
}
