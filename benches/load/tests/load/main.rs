//! The tool against real servers, and against one that is wrong on purpose.

mod against_daphne;
mod against_faults;
mod against_ours;
mod command;
mod faulty;
mod live;

use clap::Parser as _;
use laureola_load::Outcome;
use laureola_load::cli::{Cli, Scenario};
use laureola_load::errors::LoadError;
use laureola_load::scenario;

/// Runs a command line, given without the program's name.
fn try_load(line: &str) -> Result<Outcome, LoadError> {
    let words = ["laureola-load"].into_iter().chain(line.split_whitespace());
    match Cli::parse_from(words).scenario {
        Scenario::Fanout(args) => scenario::fanout(&args),
        Scenario::Echo(args) => scenario::echo(&args),
        Scenario::Hello(args) => scenario::hello(&args),
        Scenario::Idle(args) => scenario::idle(&args),
        Scenario::Churn(args) => scenario::churn(&args),
        Scenario::Burst(args) => scenario::burst(&args),
        Scenario::Report(_) => panic!("a report loads nothing"),
    }
}

fn load(line: &str) -> Outcome {
    try_load(line).expect("the run")
}

/// The same for so many seconds that there is `enough` in the outcome: on a busy machine a short run may see nothing.
fn load_until(line: &str, enough: impl Fn(&Outcome) -> bool) -> Outcome {
    let mut outcome = None;
    for seconds in [0.2, 1.0, 5.0, 20.0] {
        let outcome = outcome.insert(load(&format!("{line} --seconds {seconds}")));
        if enough(outcome) {
            break;
        }
    }
    let outcome = outcome.expect("there was a run");
    assert!(enough(&outcome), "too little happened: {outcome:?}");
    outcome
}
