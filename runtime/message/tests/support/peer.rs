//! A Python process that answers a line with a line: the real packages as judges.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

/// It ends when its stdin is closed.
pub(crate) struct Peer {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts a script of this directory's parent.
    pub(crate) fn start(script: &str) -> Self {
        let script = format!("{}/tests/{script}", env!("CARGO_MANIFEST_DIR"));
        let mut child = Command::new(laureola_testkit::python())
            .arg(script)
            .env("PYTHONUTF8", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Self { child, stdin, stdout }
    }

    /// Sends a line; an answer that begins with `!` is an exception's text.
    pub(crate) fn ask(&mut self, request: &str) -> Result<String, String> {
        let stdin = self.stdin.as_mut().expect("stdin is open until the drop");
        writeln!(stdin, "{request}").expect("python reads");
        let mut answer = String::new();
        self.stdout.read_line(&mut answer).expect("python answers");
        match answer.trim_end().strip_prefix('!') {
            Some(exception) => Err(exception.to_owned()),
            None if answer.is_empty() => panic!("python died of {request}"),
            None => Ok(answer.trim_end().to_owned()),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// Runs a property over `cases` generated inputs.
pub(crate) fn run<S: Strategy>(
    cases: u32,
    strategy: &S,
    test: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    };
    TestRunner::new(config)
        .run(strategy, test)
        .unwrap_or_else(|error| panic!("{error}"));
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).expect("a hex digit") as u8;
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}
