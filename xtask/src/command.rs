//! Commands that say which command failed.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// A command that runs in the workspace root.
pub(crate) struct Cmd {
    command: Command,
}

/// How a captured command ended, and everything it wrote.
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) text: String,
}

impl Cmd {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command.current_dir(workspace::root());
        Self { command }
    }

    /// The cargo that runs this task, so that toolchain overrides (`cargo +nightly xtask …`) carry over.
    pub(crate) fn cargo() -> Self {
        Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn envs(mut self, vars: &[(&'static str, PathBuf)]) -> Self {
        self.command.envs(vars.iter().map(|(name, value)| (*name, value)));
        self
    }

    /// The command line as a user would type it.
    pub(crate) fn line(&self) -> String {
        let program = Path::new(self.command.get_program())
            .file_name()
            .unwrap_or_default();
        let words = std::iter::once(program).chain(self.command.get_args());
        words
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Runs it with our own standard streams.
    pub(crate) fn run(mut self) -> Result<()> {
        eprintln!("$ {}", self.line());
        let status = self.command.status();
        self.check(status)
    }

    /// Runs it with our own standard streams, and shows `read` every line of its stdout, too.
    pub(crate) fn run_and_read(mut self, mut read: impl FnMut(&str)) -> Result<()> {
        eprintln!("$ {}", self.line());
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run `{}`", self.line()))?;
        let stdout = child.stdout.take().expect("the child's stdout is a pipe");
        for line in BufReader::new(stdout).split(b'\n') {
            let line = line.with_context(|| format!("cannot read what `{}` writes", self.line()))?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            read(&line);
        }
        let status = child.wait();
        self.check(status)
    }

    fn check(&self, status: io::Result<ExitStatus>) -> Result<()> {
        let status = status.with_context(|| format!("cannot run `{}`", self.line()))?;
        if !status.success() {
            bail!("`{}` failed with {status}", self.line());
        }
        Ok(())
    }

    /// Runs it without input and keeps stdout and stderr.
    pub(crate) fn capture(mut self) -> Result<Output> {
        let output = self
            .command
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("cannot run `{}`", self.line()))?;
        let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&output.stderr));
        Ok(Output {
            status: output.status,
            text,
        })
    }

    /// Runs it and gives its stdout if it succeeded; a command that does not exist counts as failed.
    pub(crate) fn probe(mut self) -> Option<String> {
        let output = self
            .command
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// The first of `names` that is an executable file on `PATH`.
pub(crate) fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    names.iter().find_map(|name| {
        std::env::split_paths(&path)
            .map(|dir| dir.join(name))
            .find(|file| is_executable(file))
    })
}

/// Whether `file` exists and may be executed.
pub(crate) fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
