//! Every file of cases, each against one server.

use std::collections::HashSet;

use laureola_testkit::RawHttp;

use crate::app::{Records, recording};
use crate::case;
use crate::run::{Cut, check, report};
use crate::support::{DEADLINE, Running};

fn run(text: &str) {
    let cases = case::read(text);
    let records = Records::default();
    let server = Running::start(recording(records.clone()));
    let mut faults = Vec::new();
    let mut names = HashSet::new();
    for case in &cases {
        assert!(names.insert(&case.name), "two cases are called {:?}", case.name);
        for cut in Cut::ALL {
            if let Err(fault) = check(server.port, &records, case, cut) {
                faults.push(report(case, cut, &fault));
            }
        }
    }
    assert!(
        faults.is_empty(),
        "{} of {} fail:\n{}",
        faults.len(),
        3 * cases.len(),
        faults.join("\n")
    );
    // Whatever was answered: nothing behind a refused request became one.
    let all = records.all();
    assert!(!all.iter().any(|line| line.contains("smuggled")), "{all:#?}");
    assert_eq!(RawHttp::get(server.port, "/", DEADLINE).status, 200);
}

macro_rules! files {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                run(include_str!(concat!("cases/", stringify!($name), ".txt")));
            }
        )*

        const ALL: &[&str] = &[$(include_str!(concat!("cases/", stringify!($name), ".txt"))),*];
    };
}

files! {
    body_length body_chunks transfer_encoding
    lines request_line targets names_and_values hosts
    limits other_protocols connection
}

#[test]
fn there_are_at_least_a_hundred_cases() {
    let count: usize = ALL.iter().map(|text| case::read(text).len()).sum();
    assert!(count >= 100, "{count} cases");
}
