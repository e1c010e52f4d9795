//! A PostgreSQL server of a test's own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::peers::postgres_bin;
use crate::port::free_port;
use crate::process::Process;
use crate::wait::holds_within;

/// How long a server may take to answer; it takes a second on an idle machine.
const START_DEADLINE: Duration = Duration::from_secs(10);
/// PostgreSQL refuses to run as root; this user is on every system.
const USER: &str = "nobody";

/// A running server on 127.0.0.1 with one empty database and no password; it is killed on drop.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    process: Option<Process>,
    dir: TempDir,
}

impl Postgres {
    /// Makes a cluster and starts its server on a free port.
    ///
    /// # Panics
    /// If it does not answer within 60 s.
    pub fn start() -> Self {
        let dir = TempDir::new().expect("a temporary directory for PostgreSQL");
        if is_root() {
            let given = Command::new("chown").arg(USER).arg(dir.path()).status();
            assert!(
                given.is_ok_and(|status| status.success()),
                "chown of PostgreSQL's directory failed"
            );
        }
        let made = as_user(&postgres_bin().join("initdb"))
            .args([
                "-A",
                "trust",
                "-U",
                "laureola",
                "-E",
                "UTF8",
                "--locale=C",
                "-N",
                "-D",
            ])
            .arg(dir.path().join("data"))
            .current_dir("/")
            .output()
            .expect("initdb starts");
        assert!(
            made.status.success(),
            "initdb failed: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let mut server = Self {
            port: free_port(),
            process: None,
            dir,
        };
        server.launch();
        server
    }

    /// `postgres://laureola@127.0.0.1:<port>/postgres`.
    pub fn url(&self) -> String {
        format!(
            "postgres://{}@127.0.0.1:{}/{}",
            self.user(),
            self.port,
            self.database()
        )
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The user, who may do everything.
    pub fn user(&self) -> &'static str {
        "laureola"
    }

    /// The database.
    pub fn database(&self) -> &'static str {
        "postgres"
    }

    /// Runs statements with `psql`, and returns what it printed: rows without decoration.
    ///
    /// # Panics
    /// If one fails.
    #[track_caller]
    pub fn sql(&self, statements: &str) -> String {
        let done = Command::new(postgres_bin().join("psql"))
            .args(["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(self.url())
            .args(["-c", statements])
            .output()
            .expect("psql starts");
        assert!(
            done.status.success(),
            "{statements}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// Stops the server: connections end, and new ones are refused. Does nothing if it is stopped.
    ///
    /// # Panics
    /// If it still runs after 10 s.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.interrupt();
            process.wait_exit(START_DEADLINE);
        }
    }

    /// Starts it again, on the same port and with what it had stored.
    ///
    /// # Panics
    /// If it does not answer in time.
    pub fn start_again(&mut self) {
        self.stop();
        self.launch();
    }

    fn launch(&mut self) {
        let mut command = as_user(&postgres_bin().join("postgres"));
        command
            .current_dir("/")
            .arg("-D")
            .arg(self.dir.path().join("data"))
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-k", ""])
            .args([
                "-c",
                "fsync=off",
                "-c",
                "full_page_writes=off",
                "-c",
                "max_connections=50",
            ]);
        let mut process = Process::spawn("PostgreSQL", &mut command);
        let ready = postgres_bin().join("pg_isready");
        let port = self.port.to_string();
        let (mut ended, mut said) = (None, String::new());
        let answers = holds_within(START_DEADLINE, || {
            ended = process.exit_status();
            let asked = Command::new(&ready)
                .args(["-h", "127.0.0.1", "-p", &port])
                .output();
            let asked = asked.expect("pg_isready starts");
            said = String::from_utf8_lossy(&[asked.stdout, asked.stderr].concat()).into_owned();
            ended.is_some() || asked.status.success()
        });
        assert!(
            answers && ended.is_none(),
            "PostgreSQL does not answer: {said}{}",
            process.output()
        );
        self.process = Some(process);
    }
}

fn is_root() -> bool {
    let asked = Command::new("id").arg("-u").output();
    asked.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// A command that runs as a user PostgreSQL accepts.
fn as_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", USER, "--regid", "nogroup", "--clear-groups", "--"])
        .arg(PathBuf::from(program));
    command
}
