//! The command's exit status and output.

use std::process::{Command, Output};

use laureola_load::Outcome;

use crate::faulty::{self, Fault};

fn command(line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_laureola-load"));
    command
        .args(line.split_whitespace())
        .output()
        .expect("the command")
}

#[test]
fn the_outcome_is_one_line_of_json() {
    let address = faulty::start(Fault::None);
    let output = command(&format!(
        "echo --url ws://{address}/ --connections 1 --settle 0 --warmup 0 --seconds 0.1 --label mine --json -"
    ));
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(text.lines().count(), 1, "{text}");
    let outcome: Outcome = serde_json::from_str(&text).expect("an outcome");
    assert_eq!(
        (outcome.tool.as_str(), outcome.scenario.as_str()),
        ("laureola-load", "echo")
    );
    assert_eq!(outcome.label.as_deref(), Some("mine"));
    assert_eq!(outcome.arguments["bytes"], 64);
    assert!(outcome.started.ends_with('Z'), "{}", outcome.started);
    let summary = String::from_utf8(output.stderr).expect("text");
    assert!(summary.starts_with("echo mine: 1 of 1 connections"), "{summary}");
}

#[test]
fn a_connection_that_is_missing_is_in_the_status() {
    let full = faulty::start(Fault::None);
    let refusing = faulty::start(Fault::Refuse);
    let output = command(&format!(
        "fanout --url ws://{full}/ --url ws://{refusing}/ --members 4 --protocol plain --settle 0 --warmup 0 --seconds 0.1"
    ));
    assert_eq!(output.status.code(), Some(3), "{output:?}");
}

#[test]
fn nothing_to_connect_to_is_a_failure_that_says_so() {
    let output = command("echo --url ws://127.0.0.1:1/ --connections 2");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("no connection was opened") && error.contains("refused"),
        "{error}"
    );
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    for line in [
        "echo --url wss://127.0.0.1/",
        "echo --url ws://127.0.0.1:1/ --bytes 3",
        "fanout --url ws://127.0.0.1:1/ --rate 5 --window 1",
    ] {
        assert_eq!(command(line).status.code(), Some(2), "{line}");
    }
    assert_eq!(command("echo --url http://127.0.0.1:1/").status.code(), Some(1));
    assert_eq!(
        command("fanout --url ws://127.0.0.1:1/ --members 1 --senders 2")
            .status
            .code(),
        Some(1)
    );
}

#[test]
fn outcomes_become_tables_and_plots() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (json, svg) = (file("runs.json"), file("plot.svg"));
    let address = faulty::start(Fault::None);
    let run = command(&format!(
        "echo --url ws://{address}/ --connections 1 --settle 0 --warmup 0 --seconds 0.1 --label mine --json {json}"
    ));
    assert!(run.status.success(), "{run:?}");
    let table = command(&format!("report table {json}"));
    let table = String::from_utf8(table.stdout).expect("text");
    assert!(
        table.contains("### echo, 1 connection, 64 bytes") && table.contains("| mine |"),
        "{table}"
    );
    let plot = command(&format!("report plot {json} --metric rate --out {svg}"));
    assert!(plot.status.success(), "{plot:?}");
    let svg = std::fs::read_to_string(svg).expect("the plot");
    assert!(svg.starts_with("<svg ") && svg.contains("mine"), "{svg}");
    let nothing = command(&format!("report table {json} --only fanout"));
    assert_eq!(nothing.status.code(), Some(1), "{nothing:?}");
}
