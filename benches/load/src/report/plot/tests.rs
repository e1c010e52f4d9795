use super::*;
use crate::cli::Runs;
use crate::outcome::Outcome;
use crate::report::{cases, tables};

fn outcome(label: &str, rate: f64, lost: u64) -> Outcome {
    let arguments = serde_json::json!({
        "url": ["ws://127.0.0.1:8000/"], "rooms": 1, "members": 100, "senders": 1, "window": 1, "bytes": 128
    });
    let mut outcome = Outcome::new("fanout", Some(label.to_owned()), arguments);
    outcome.deliveries_per_second = rate;
    outcome.per_server_cpu_second = Some(rate * 2.0);
    (outcome.lost, outcome.expected) = (lost, 1000);
    outcome
}

fn args(metric: Metric) -> PlotArgs {
    let runs = Runs {
        files: Vec::new(),
        only: Vec::new(),
    };
    let (highlight, title) = (Some("ours".to_owned()), None);
    PlotArgs {
        runs,
        out: "plot.svg".into(),
        metric,
        log: false,
        highlight,
        title,
    }
}

fn three() -> Vec<Outcome> {
    let mut outcomes = vec![
        outcome("ours", 4000.0, 0),
        outcome("theirs", 10.0, 5),
        outcome("ours", 5000.0, 1),
    ];
    outcomes.push(outcome("ours", 4500.0, 0));
    outcomes
}

#[test]
fn runs_of_a_label_are_one_row_with_their_median() {
    let outcomes = three();
    let text = tables(&cases(&outcomes));
    assert!(
        text.starts_with("### fanout, 1 × 100 members, 1 sender, 1 in flight, 128 bytes\n"),
        "{text}"
    );
    let row = |label: &str| {
        text.lines()
            .find(|line| line.starts_with(&format!("| {label} |")))
            .unwrap()
            .to_owned()
    };
    assert!(
        row("ours").contains("| 4,500 (4,000–5,000) | 9,000 (8,000–10,000) |"),
        "{text}"
    );
    assert!(
        row("ours").contains("| 1 / 3,000 |") && row("ours").ends_with("| 3 |"),
        "{text}"
    );
    assert!(row("theirs").contains("| 10 | 20 |"), "{text}");
    let columns: Vec<usize> = text
        .lines()
        .skip(2)
        .take(4)
        .map(|line| line.matches('|').count())
        .collect();
    assert!(columns.iter().all(|count| *count == columns[0]), "{columns:?}");
}

#[test]
fn the_best_is_first_and_its_bar_the_longest() {
    let outcomes = three();
    for log in [false, true] {
        let args = PlotArgs {
            log,
            title: Some("A & B".to_owned()),
            ..args(Metric::PerCpu)
        };
        let svg = plot(&cases(&outcomes), &args).unwrap();
        assert!(svg.contains("A &amp; B"), "{svg}");
        let bar = |class: &str| {
            let line = svg
                .lines()
                .find(|line| line.starts_with("<rect") && line.contains(class))
                .unwrap();
            let width = line.split("width=\"").nth(1).unwrap().split('"').next().unwrap();
            (line.to_owned(), width.parse::<f64>().unwrap())
        };
        let (first, longest) = bar("class=\"out\"");
        assert!(first.contains("ours: 9.00 k (8.00 k to 10.0 k)"), "{first}");
        assert!(longest > bar("class=\"bar\"").1);
    }
}

#[test]
fn what_nobody_measured_has_no_plot() {
    assert_eq!(plot(&cases(&three()), &args(Metric::P99)), None);
}

#[test]
fn values_at_the_axis_are_short() {
    assert_eq!(short(Metric::Rate, 1_500_000.0), "1.5 M");
    assert_eq!(short(Metric::Rate, 200.0), "200");
    assert_eq!(short(Metric::P99, 20_000.0), "20 ms");
    assert_eq!(short(Metric::Memory, 0.1 + 0.2), "0.3");
}
