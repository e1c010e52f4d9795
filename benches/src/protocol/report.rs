//! Medians over the rounds, ratios, verdicts.

use serde::Serialize;
use serde_json::json;

use super::load::{Sample, Work};
use super::servers::Subject;
use crate::layer_peers::report::median;

/// What ours must reach of the bare library's figure.
pub const BAR: f64 = 0.9;

type Figure = fn(&Sample) -> f64;

/// A kind of work: a sample a round, of ours and of the bare library.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What was asked for.
    pub work: Work,
    /// The bare library.
    pub peer: Subject,
    /// Laureola.
    pub ours: Vec<Sample>,
    /// The bare library, in the same rounds.
    pub theirs: Vec<Sample>,
}

impl Row {
    /// Ours / theirs, by rounds: what else the machine does falls on both of a round.
    fn ratio(&self, of: Figure) -> f64 {
        median(
            self.ours
                .iter()
                .zip(&self.theirs)
                .map(|(ours, theirs)| of(ours) / of(theirs)),
        )
    }
}

/// A table for people, with the verdicts below it.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| work | peer | ours/s | peer/s | ratio | ours per CPU-s | peer per CPU-s | ratio |\n\
         |---|---|---:|---:|---:|---:|---:|---:|\n",
    );
    let mut verdicts = String::new();
    for row in rows {
        let middle = |samples: &[Sample], of: Figure| median(samples.iter().map(of));
        let (rate, per_cpu): (Figure, Figure) = (|sample| sample.rate, |sample| sample.per_cpu);
        let (by_time, by_cpu) = (row.ratio(rate), row.ratio(per_cpu));
        table += &format!(
            "| {} | {} | {:.0} | {:.0} | {by_time:.2} | {:.0} | {:.0} | {by_cpu:.2} |\n",
            row.work.name(),
            row.peer.name(),
            middle(&row.ours, rate),
            middle(&row.theirs, rate),
            middle(&row.ours, per_cpu),
            middle(&row.theirs, per_cpu),
        );
        let verdict = if by_time >= BAR && by_cpu >= BAR {
            "met"
        } else {
            "not met"
        };
        verdicts += &format!(
            "{}: bar {BAR} of {}: {verdict}\n",
            row.work.name(),
            row.peer.name()
        );
    }
    table + &verdicts
}

/// Every round's figures, for programs.
#[must_use]
pub fn json(rows: &[Row]) -> String {
    format!("{:#}\n", json!({ "bar": BAR, "rows": rows }))
}
