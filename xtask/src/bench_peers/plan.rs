//! Which runs there are, in which order, and how long they take.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::Args;
use super::case::{CASES, Case, Kind};
use super::row::Row;
use super::server::{Contender, Family};

/// What is to be run.
pub(super) struct Plan {
    parts: Vec<(&'static Case, Vec<Contender>)>,
    seconds: f64,
    rounds: u32,
}

/// One run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) case: &'static Case,
    pub(super) contender: Contender,
    /// From 0.
    round: u32,
}

impl Plan {
    /// What `args` choose.
    ///
    /// # Errors
    /// They choose nothing.
    pub(super) fn new(args: &Args) -> Result<Self> {
        let chosen = |case: &&Case| {
            args.cases.is_empty() || args.cases.iter().any(|name| case.name.starts_with(name.as_str()))
        };
        let takes_part = |contender: &Contender| {
            let name = contender.name();
            !args.without.contains(&contender.server.family)
                && args.only.as_ref().is_none_or(|only| only.is_match(&name))
        };
        let parts: Vec<_> = CASES
            .iter()
            .filter(chosen)
            .map(|case| {
                let mut contenders = match args.only {
                    Some(_) => case.all_contenders(),
                    None => case.contenders(),
                };
                contenders.retain(takes_part);
                (case, contenders)
            })
            .filter(|(_, contenders)| !contenders.is_empty())
            .collect();
        if parts.is_empty() {
            let names: Vec<_> = CASES.iter().map(|case| case.name).collect();
            bail!(
                "no server takes part in such a case; there are {}",
                names.join(", ")
            );
        }
        let (rounds, seconds) = if args.quick {
            (1, 1.0)
        } else {
            (args.rounds, args.seconds)
        };
        Ok(Self {
            parts,
            seconds,
            rounds,
        })
    }

    /// What has to be there.
    pub(super) fn families(&self) -> Vec<Family> {
        let mut families = Vec::new();
        for contender in self.parts.iter().flat_map(|(_, contenders)| contenders) {
            if !families.contains(&contender.server.family) {
                families.push(contender.server.family);
            }
        }
        families
    }

    /// All runs: whole rounds one behind the other, and who comes first in a case changes with the round.
    pub(super) fn in_order(&self, rounds: u32) -> Vec<Item> {
        let rounds = rounds.min(self.rounds);
        let mut items = Vec::new();
        for round in 0..rounds {
            for (case, contenders) in &self.parts {
                let first = contenders.len() * round as usize / rounds as usize;
                let order = contenders[first..].iter().chain(&contenders[..first]);
                items.extend(order.map(|contender| Item {
                    case,
                    contender: *contender,
                    round,
                }));
            }
        }
        items
    }

    /// For `--list`.
    pub(super) fn listing(&self) -> String {
        let mut text = String::new();
        for (case, contenders) in &self.parts {
            let names: Vec<_> = contenders.iter().map(Contender::name).collect();
            let _ = writeln!(text, "{}: {}\n    {}", case.name, case.title, names.join(", "));
        }
        let items = self.in_order(self.rounds);
        let seconds: f64 = items.iter().map(|item| item.estimate(self.seconds)).sum();
        let _ = writeln!(text, "{} runs, about {:.0} minutes", items.len(), seconds / 60.0);
        text
    }
}

impl Item {
    /// `fan-1000-w16, uvicorn pubsub`
    pub(super) fn name(&self) -> String {
        format!("{}, {}", self.case.name, self.contender.name())
    }

    /// For its logs.
    pub(super) fn file_name(&self) -> String {
        format!("{}-{}", self.case.name, self.contender.name().replace(' ', "-"))
    }

    /// The row as it is kept.
    pub(super) fn complete(&self, mut row: Value, first_round: u64) -> Value {
        row["case"] = json!(self.case.name);
        row["contender"] = json!(self.contender.name());
        row["round"] = json!(first_round + u64::from(self.round));
        row
    }

    /// Roughly how many seconds it takes.
    fn estimate(&self, seconds: f64) -> f64 {
        let beside = match self.contender.server.family {
            Family::Python | Family::Laureola => self.case.beside.1,
            Family::Floor | Family::Rust | Family::Node => self.case.beside.0,
        };
        match self.case.kind {
            Kind::Rate | Kind::Latency => beside + seconds,
            Kind::Burst | Kind::Connects | Kind::Memory => beside,
        }
    }
}

/// A bar with the time that is left, and a line for each run.
pub(super) struct Progress {
    bar: ProgressBar,
    seconds: f64,
}

impl Progress {
    pub(super) fn new(plan: &Plan, args: &Args) -> Self {
        let items = plan.in_order(args.rounds);
        let all: f64 = items.iter().map(|item| item.estimate(plan.seconds)).sum();
        let style = ProgressStyle::with_template("  {wide_bar} {elapsed} of about {duration}  {msg}");
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::new(all as u64)
        } else {
            eprintln!("  {} runs, about {:.0} minutes", items.len(), all / 60.0);
            ProgressBar::hidden()
        };
        bar.set_style(style.expect("the template is well-formed"));
        Self {
            bar,
            seconds: plan.seconds,
        }
    }

    pub(super) fn begin(&self, item: &Item) {
        self.bar.set_message(item.name());
    }

    pub(super) fn done(&mut self, item: &Item) {
        self.bar.inc(item.estimate(self.seconds) as u64);
    }

    pub(super) fn say(&self, line: &str) {
        if self.bar.is_hidden() {
            eprintln!("  {line}");
        } else {
            self.bar.println(format!("  {line}"));
        }
    }

    /// What came of a run, in short.
    pub(super) fn line(&self, item: &Item, row: &Value) -> String {
        let row = Row::new(row.clone());
        let what = match row.error() {
            Some(error) => format!("failed: {error}"),
            None => row.headline(item.case.kind),
        };
        format!("{:<12} {:<28} {what}", item.case.name, item.contender.name())
    }
}
