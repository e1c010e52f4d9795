//! Medians over the runs of a server in a case.

use super::row::{Metric, Row};

/// What several runs come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Spread {
    /// `None` of nothing.
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Some(Self { median, least, most })
    }
}

/// The runs of one server in one case.
#[derive(Clone, Debug)]
pub(super) struct Summary<'a> {
    pub(super) contender: String,
    pub(super) rows: Vec<&'a Row>,
    /// Runs without a result.
    pub(super) failed: usize,
}

impl Summary<'_> {
    pub(super) fn metric(&self, metric: Metric) -> Option<Spread> {
        Spread::of(self.rows.iter().filter_map(|row| row.metric(metric)))
    }

    pub(super) fn at(&self, path: &str) -> Option<Spread> {
        Spread::of(self.rows.iter().filter_map(|row| row.at(path)))
    }

    /// Over all runs: what was lost is not a matter of medians.
    pub(super) fn sum(&self, path: &str) -> f64 {
        self.rows.iter().filter_map(|row| row.at(path)).sum()
    }

    pub(super) fn disturbed(&self) -> usize {
        self.rows.iter().filter(|row| row.is_disturbed()).count()
    }

    /// Who could do no more, in most runs.
    pub(super) fn saturated(&self) -> &str {
        let mut all: Vec<&str> = self.rows.iter().map(|row| row.text("saturated")).collect();
        all.sort_unstable();
        let count = |who: &&str| all.iter().filter(|other| *other == who).count();
        all.iter().copied().max_by_key(count).unwrap_or_default()
    }
}

/// Those of a case, in the order of their first runs; a run that failed and was repeated later counts as failed.
pub(super) fn of_case<'a>(rows: &'a [Row], case: &str) -> Vec<Summary<'a>> {
    let mut summaries: Vec<Summary<'a>> = Vec::new();
    for row in rows.iter().filter(|row| row.text("case") == case) {
        let contender = row.text("contender");
        let at = summaries
            .iter()
            .position(|summary| summary.contender == contender);
        let at = at.unwrap_or_else(|| {
            summaries.push(Summary {
                contender: contender.to_owned(),
                rows: Vec::new(),
                failed: 0,
            });
            summaries.len() - 1
        });
        match row.error() {
            Some(_) => summaries[at].failed += 1,
            None => summaries[at].rows.push(row),
        }
    }
    summaries
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two() {
        assert_eq!(Spread::of([]), None);
        let spread = |values: &[f64]| Spread::of(values.iter().copied()).unwrap();
        assert_eq!(spread(&[3.0, 1.0, 2.0]).median, 2.0);
        assert_eq!(spread(&[4.0, 1.0]).median, 2.5);
        assert_eq!(
            (spread(&[3.0, 1.0, 2.0]).least, spread(&[3.0, 1.0]).most),
            (1.0, 3.0)
        );
    }

    #[test]
    fn runs_are_gathered_by_server_and_failures_counted_apart() {
        let rows: Vec<Row> = [
            json!({"case": "a", "contender": "x", "deliveries_per_second": 1.0, "lost": 2, "saturated": "server"}),
            json!({"case": "a", "contender": "y", "error": "no such file"}),
            json!({"case": "b", "contender": "x", "deliveries_per_second": 9.0}),
            json!({"case": "a", "contender": "x", "deliveries_per_second": 3.0, "lost": 1, "disturbed": true,
                   "saturated": "server"}),
        ]
        .into_iter()
        .map(Row::new)
        .collect();
        let summaries = of_case(&rows, "a");
        assert_eq!(summaries.len(), 2);
        let x = &summaries[0];
        assert_eq!(x.metric(Metric::PerSecond).unwrap().median, 2.0);
        assert_eq!((x.sum("lost"), x.disturbed(), x.failed), (3.0, 1, 0));
        assert_eq!(x.saturated(), "server");
        assert_eq!((summaries[1].failed, summaries[1].rows.len()), (1, 0));
    }
}
