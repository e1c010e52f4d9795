//! A directory that the command runs in, and what the command says there.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use laureola_chat::store::Store;
use laureola_django::Secrets;
use laureola_django::auth::{Auth, User, Users};
use laureola_django::hashers::{PasswordPool, Passwords};
use laureola_testkit::Process;
use serde_json::Value;
use tempfile::TempDir;

/// Deadline of whatever should take no time on a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(20);

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: Option<i32>,
}

impl Said {
    /// It went well.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.status, Some(0), "{self:?}");
        self
    }

    /// It failed with one line that has all these words.
    #[track_caller]
    pub(crate) fn failed(self, words: &[&str]) {
        assert_eq!(self.status, Some(1), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in {self:?}");
        }
    }
}

/// What stood on a terminal.
#[derive(Debug)]
pub(crate) struct Terminal {
    pub(crate) seen: String,
    pub(crate) status: i64,
    /// Whether it shows what is typed afterwards.
    pub(crate) echoes: bool,
    /// The most memory the command had, in bytes.
    pub(crate) peak: u64,
}

/// An empty directory, with a database's URL.
pub(crate) struct Place {
    pub(crate) dir: TempDir,
    pub(crate) url: String,
}

impl Place {
    /// With the default database: `chat.sqlite3` there.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let url = format!("sqlite://{}", dir.path().join("chat.sqlite3").display());
        Self { dir, url }
    }

    /// Where a file is.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_laureola"));
        command.arg("chat").args(args).current_dir(&self.dir);
        command
            .args(["--database-url", &self.url])
            .env_remove("SECRET_KEY");
        command
    }

    /// `laureola chat …` with nothing on stdin.
    pub(crate) fn chat(&self, args: &[&str]) -> Said {
        self.chat_with(args, "")
    }

    /// The same with something on stdin.
    pub(crate) fn chat_with(&self, args: &[&str], stdin: &str) -> Said {
        let mut command = self.command(args);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("laureola starts");
        // It may have ended without reading.
        let _ = child.stdin.take().expect("piped").write_all(stdin.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        Said {
            stdout: String::from_utf8(output.stdout).expect("a text"),
            stderr: String::from_utf8(output.stderr).expect("a text"),
            status: output.status.code(),
        }
    }

    /// The same on a terminal where somebody answers questions.
    pub(crate) fn talk(&self, args: &[&str], answers: &[(&str, &str)]) -> Terminal {
        let ours = self.command(args);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/conversation.py");
        let mut command = Command::new(laureola_testkit::python());
        let talk = serde_json::to_string(answers).expect("texts");
        command
            .args([script, &talk])
            .arg(ours.get_program())
            .args(ours.get_args());
        command.current_dir(&self.dir).env_remove("SECRET_KEY");
        let mut process = Process::spawn("a terminal", &mut command);
        assert!(process.wait_exit(SOON).success(), "{}", process.output());
        let told: Value = serde_json::from_str(&process.stdout()).expect("JSON");
        assert_eq!(told["left"], serde_json::json!([]), "was never asked: {told}");
        Terminal {
            seen: told["seen"].as_str().expect("a text").to_owned(),
            status: told["status"].as_i64().expect("a status"),
            echoes: told["echo"].as_bool().expect("yes or no"),
            peak: told["peak"].as_u64().expect("KiB") * 1024,
        }
    }

    pub(crate) async fn store(&self) -> Store {
        Store::open(&self.url).await.expect("the chat's database")
    }

    /// The user who logs in with this password.
    pub(crate) async fn log_in(&self, username: &str, password: &str) -> Option<User> {
        let users = Users::new(self.store().await.database().clone(), Default::default());
        let auth = Auth::new(
            Secrets::new("any"),
            users,
            PasswordPool::new(Passwords::default()),
        );
        auth.authenticate(username, password)
            .await
            .expect("the database answers")
    }

    /// The names of all users.
    pub(crate) async fn usernames(&self) -> Vec<String> {
        let users = Users::new(self.store().await.database().clone(), Default::default());
        let users = users.list("", 100).await.expect("read");
        users.into_iter().map(|user| user.username).collect()
    }
}
