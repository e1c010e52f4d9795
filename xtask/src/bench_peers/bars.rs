//! What was promised, and whether the runs keep it.

use super::row::{Metric, Row};
use super::summary::{Summary, of_case};

mod promises;

pub(super) use promises::BARS;

/// A promise: `metric` of each of `ours` in `case`, beside something.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) what: &'static str,
    case: &'static str,
    metric: Metric,
    ours: &'static [&'static str],
    against: Against,
}

#[derive(Clone, Copy, Debug)]
enum Against {
    /// At least so many times the best of these.
    AtLeast(f64, &'static [&'static str]),
    /// At most so many times the best (lowest) of these.
    AtMost(f64, &'static [&'static str]),
    /// What a delivery costs in another case (by the same server) at least so many times what it costs here.
    CostOf(f64, &'static str),
    /// At most this.
    Value(f64),
}

/// One server's result.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) contender: &'static str,
    pub(super) case: &'static str,
    /// What it is to be, in words.
    pub(super) bar: String,
    /// `None` where it was not run.
    pub(super) value: Option<f64>,
    /// What it is held against, and whose that is.
    pub(super) reference: Option<(f64, String)>,
    /// The value in terms of the reference.
    pub(super) ratio: Option<f64>,
    pub(super) met: Option<bool>,
}

const fn bar(
    what: &'static str,
    case: &'static str,
    metric: Metric,
    ours: &'static [&'static str],
    against: Against,
) -> Bar {
    Bar {
        what,
        case,
        metric,
        ours,
        against,
    }
}

impl Bar {
    /// The result of each of ours that takes part.
    pub(super) fn verdicts(&self, rows: &[Row]) -> Vec<Verdict> {
        let here = of_case(rows, self.case);
        let verdict = |contender: &&'static str| self.verdict(contender, &here, rows);
        self.ours
            .iter()
            .filter(|name| takes_part(self.case, name))
            .map(verdict)
            .collect()
    }

    fn verdict(&self, contender: &'static str, here: &[Summary<'_>], rows: &[Row]) -> Verdict {
        let value = median(here, contender, self.metric);
        let (bar, reference, met): (_, _, fn(f64, f64) -> bool) = match self.against {
            Against::AtLeast(factor, names) => {
                let best = best(here, names, self.metric, f64::gt);
                (
                    format!("≥ {factor} × {}", of(names)),
                    best.map(|best| (best, factor)),
                    |ratio, factor| ratio >= factor,
                )
            }
            Against::AtMost(factor, names) => {
                let best = best(here, names, self.metric, f64::lt);
                (
                    format!("≤ {factor} × {}", of(names)),
                    best.map(|best| (best, factor)),
                    |ratio, factor| ratio <= factor,
                )
            }
            Against::CostOf(factor, case) => {
                let there = median(&of_case(rows, case), contender, self.metric);
                let there = there.map(|there| ((there, case.to_owned()), 1.0 / factor));
                (format!("cost ≤ {factor} × {case}"), there, |ratio, factor| {
                    ratio >= factor
                })
            }
            Against::Value(most) => {
                return Verdict {
                    contender,
                    case: self.case,
                    bar: format!("≤ {most}"),
                    value,
                    reference: None,
                    ratio: None,
                    met: value.map(|value| value <= most),
                };
            }
        };
        let ratio = value
            .zip(reference.as_ref())
            .map(|(value, ((of, _), _))| value / of);
        Verdict {
            contender,
            case: self.case,
            bar,
            value,
            met: ratio
                .zip(reference.as_ref())
                .map(|(ratio, (_, factor))| met(ratio, *factor)),
            reference: reference.map(|(reference, _)| reference),
            ratio,
        }
    }
}

/// Whether the case has it at all: `rust-direct core` is not everywhere.
fn takes_part(case: &str, contender: &str) -> bool {
    super::case::named_case(case).is_some_and(|case| {
        case.all_contenders()
            .iter()
            .any(|other| other.name() == contender)
    })
}

fn of(names: &[&str]) -> String {
    match names {
        [one] => (*one).to_owned(),
        promises::DAPHNE => "Daphne".to_owned(),
        _ => "the best peer".to_owned(),
    }
}

/// Faults are counted over all runs; everything else is a median.
fn median(summaries: &[Summary<'_>], contender: &str, metric: Metric) -> Option<f64> {
    let summary = summaries.iter().find(|summary| summary.contender == contender)?;
    let spread = summary.metric(metric)?;
    Some(if metric == Metric::Faults {
        spread.most
    } else {
        spread.median
    })
}

fn best(
    summaries: &[Summary<'_>],
    names: &[&str],
    metric: Metric,
    better: fn(&f64, &f64) -> bool,
) -> Option<(f64, String)> {
    let found = names
        .iter()
        .filter_map(|name| Some((median(summaries, name, metric)?, (*name).to_owned())));
    found.reduce(|one, other| if better(&other.0, &one.0) { other } else { one })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::promises::{ALL, HOST, PEERS, RELAYS};
    use super::*;

    fn rows(values: &[Value]) -> Vec<Row> {
        values.iter().cloned().map(Row::new).collect()
    }

    fn echo(contender: &str, per_cpu: f64) -> Value {
        json!({"case": "echo", "contender": contender, "per_server_cpu_second": per_cpu})
    }

    fn find<'a>(verdicts: &'a [Verdict], contender: &str) -> &'a Verdict {
        verdicts
            .iter()
            .find(|verdict| verdict.contender == contender)
            .unwrap()
    }

    #[test]
    fn every_bar_is_about_a_case_and_servers_that_there_are() {
        for bar in BARS {
            assert!(!bar.verdicts(&[]).is_empty(), "{bar:?}");
            let names = match bar.against {
                Against::AtLeast(_, names) | Against::AtMost(_, names) => names,
                Against::CostOf(_, case) => {
                    assert!(bar.ours.iter().all(|name| takes_part(case, name)), "{bar:?}");
                    continue;
                }
                Against::Value(_) => continue,
            };
            assert!(names.iter().any(|name| takes_part(bar.case, name)), "{bar:?}");
        }
    }

    #[test]
    fn ours_is_held_against_the_best_peer_and_what_did_not_run_is_neither_met_nor_missed() {
        let bar = bar("echo", "echo", Metric::PerCpu, HOST, Against::AtLeast(1.2, PEERS));
        let rows = rows(&[
            echo("uvicorn", 100.0),
            echo("daphne", 10.0),
            echo("laureola", 119.0),
        ]);
        let verdicts = bar.verdicts(&rows);
        let ours = find(&verdicts, "laureola");
        assert_eq!(ours.reference, Some((100.0, "uvicorn".to_owned())));
        assert_eq!((ours.ratio, ours.met), (Some(1.19), Some(false)));
        assert_eq!(find(&verdicts, "laureola-uvloop").met, None);
        let rows = [
            rows,
            self::rows(&[echo("laureola", 121.1), echo("laureola", 121.2)]),
        ]
        .concat();
        assert_eq!(find(&bar.verdicts(&rows), "laureola").met, Some(true));
    }

    #[test]
    fn a_cost_is_the_inverse_of_a_rate() {
        let run = |case: &str, per_cpu: f64| json!({"case": case, "contender": "rust-relay memory", "per_server_cpu_second": per_cpu});
        let bar = bar(
            "cost",
            "fan-10000-w1",
            Metric::PerCpu,
            RELAYS,
            Against::CostOf(1.25, "fan-100-w1"),
        );
        for (there, here, met) in [(100.0, 80.0, true), (100.0, 79.0, false), (100.0, 200.0, true)] {
            let rows = rows(&[run("fan-100-w1", there), run("fan-10000-w1", here)]);
            assert_eq!(
                find(&bar.verdicts(&rows), "rust-relay memory").met,
                Some(met),
                "{here}"
            );
        }
    }

    #[test]
    fn one_lost_message_in_any_run_misses_the_bar() {
        let run = |lost: u64| json!({"case": "slow", "contender": "rust-relay memory", "lost": lost, "duplicates": 0, "reordered": 0});
        let bar = bar("lost", "slow", Metric::Faults, ALL, Against::Value(0.0));
        let clean = rows(&[run(0), run(0)]);
        assert_eq!(find(&bar.verdicts(&clean), "rust-relay memory").met, Some(true));
        let lossy = rows(&[run(0), run(1), run(0)]);
        assert_eq!(find(&bar.verdicts(&lossy), "rust-relay memory").met, Some(false));
    }
}
