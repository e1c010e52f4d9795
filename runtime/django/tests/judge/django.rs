//! A process of the real Django that answers questions.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use laureola_testkit::DjangoVersion;
use serde_json::{Value, json};

/// The secret both sides have.
pub(crate) const SECRET: &str = "a secret of both sides, äöü";

/// The process; killed on drop. Its methods block.
pub(crate) struct Django {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Django {
    pub(crate) fn start(version: DjangoVersion) -> Self {
        Self::start_with(version, json!({}))
    }

    /// With a database, a Redis, a directory, as `judge.py` reads them.
    pub(crate) fn start_with(version: DjangoVersion, mut options: Value) -> Self {
        if options["secret"].is_null() {
            options["secret"] = SECRET.into();
        }
        let mut command = Command::new(laureola_testkit::python());
        if let Some(path) = version.python_path() {
            command.env("PYTHONPATH", path);
        }
        let mut child = command
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judge.py"))
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let stdin = child.stdin.take().expect("stdin is piped");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut django = Self { child, stdin, stdout };
        assert_eq!(django.ask(json!(["version"])), json!(version.number()));
        django
    }

    /// The answer, or Django's exception.
    pub(crate) fn try_ask(&mut self, question: impl Into<Value>) -> Result<Value, String> {
        let question = question.into();
        writeln!(self.stdin, "{question}").expect("django reads");
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("django answers");
        let mut answer: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("django ended at {question}"));
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["ok"].take()),
        }
    }

    #[track_caller]
    pub(crate) fn ask(&mut self, question: impl Into<Value>) -> Value {
        self.try_ask(question).expect("django has an answer")
    }

    #[track_caller]
    pub(crate) fn ask_text(&mut self, question: impl Into<Value>) -> String {
        let answer = self.ask(question);
        answer
            .as_str()
            .unwrap_or_else(|| panic!("{answer} is no text"))
            .to_owned()
    }
}

impl Drop for Django {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
