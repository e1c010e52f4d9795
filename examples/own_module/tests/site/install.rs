//! What `pip install .` would leave, by links, in a directory that stands in `PYTHONPATH`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use laureola_testkit::{Process, WebSocket, python, wait_until};
use tempfile::TempDir;

pub(crate) const SOON: Duration = Duration::from_secs(60);

pub(crate) struct Installed(TempDir);

impl Installed {
    pub(crate) fn new() -> Self {
        let installed = Self(TempDir::new().expect("a temporary directory"));
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let workspace = here.join("../..");
        installed.link_all(&workspace.join("runtime/python/python/laureola"), "laureola");
        installed.link_all(&here.join("python/mysite"), "mysite");
        // Cargo puts it beside the tests.
        let tests = std::env::current_exe().expect("this program's place");
        let module = tests.with_file_name("libmysite.so");
        symlink(&module, installed.path("mysite/_rust.abi3.so")).expect("a link");
        let project = fs::read_to_string(here.join("pyproject.toml")).expect("the project's file");
        let section = project
            .split("[project.entry-points.")
            .nth(1)
            .expect("entry points");
        let (group, rest) = section.split_once("]\n").expect("a section");
        let (points, _) = rest.split_once("\n[").expect("a next section");
        let points = format!("[{}]\n{}\n", group.trim_matches('"'), points.replace('"', ""));
        installed.describe("mysite", "0.0.0", &points);
        installed.describe("laureola", env!("CARGO_PKG_VERSION"), "");
        installed
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What `importlib.metadata` reads of a distribution.
    pub(crate) fn describe(&self, name: &str, version: &str, entry_points: &str) {
        let info = self.path(&format!("{name}-0.dist-info"));
        fs::create_dir_all(&info).expect("a directory");
        let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        fs::write(info.join("METADATA"), metadata).expect("a file");
        fs::write(info.join("entry_points.txt"), entry_points).expect("a file");
    }

    fn link_all(&self, from: &Path, name: &str) {
        let to = self.path(name);
        fs::create_dir(&to).expect("a directory");
        let entries = fs::read_dir(from).expect("the package's directory");
        for entry in entries {
            let entry = entry.expect("a file of the package");
            if entry.file_name() != "__pycache__" {
                symlink(entry.path(), to.join(entry.file_name())).expect("a link");
            }
        }
    }

    /// The interpreter, with all that is installed here.
    pub(crate) fn python(&self) -> Command {
        let mut command = Command::new(python());
        command
            .current_dir(self.0.path())
            .env("PYTHONPATH", self.0.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("PYTHONUNBUFFERED", "1");
        command
    }

    /// The output of a few lines of Python, which may fail.
    pub(crate) fn run(&self, lines: &str) -> String {
        let output = self.python().args(["-c", lines]).output();
        let output = output.expect("an interpreter");
        format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    }
}

/// A running site.
pub(crate) struct Site {
    pub(crate) process: Process,
    pub(crate) port: u16,
}

impl Site {
    /// Waits until it has said where it listens, in the words before its port.
    pub(crate) fn start(command: &mut Command, before_port: &str) -> Self {
        let process = Process::spawn("the site", command);
        let port = || {
            let said = process.output();
            let rest = said.split_once(before_port)?.1.to_owned();
            rest.split_once('/')?.0.parse().ok()
        };
        wait_until("the site listens", SOON, || port().is_some());
        let port = port().expect("it was there");
        Self { process, port }
    }

    pub(crate) fn socket(&self, language: &str) -> WebSocket {
        WebSocket::connect(self.port, &format!("/ws/{language}/"), &[])
    }

    /// Tells it to end, and waits until it has, with success.
    pub(crate) fn ends_after(mut self, tell: impl FnOnce(&mut Process)) {
        tell(&mut self.process);
        let status = self.process.wait_exit(SOON);
        assert!(status.success(), "{status}\n{}", self.process.output());
    }
}
