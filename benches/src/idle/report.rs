//! The figures.

use serde::Serialize;
use serde_json::json;

use super::application::Application;
use super::clients::Handshake;
use super::memory::Memory;

/// With fewer connections the server's own start weighs too much for a verdict.
const ENOUGH: usize = 1_000;

/// One run.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What they are connected to.
    pub application: Application,
    /// `memory` or `redis`; `none` for an application without one.
    pub layer: &'static str,
    /// What the clients sent.
    pub handshake: Handshake,
    /// How many there were.
    pub connections: usize,
    /// Resident bytes of the server before the first.
    pub rss_before: u64,
    /// Resident bytes with all of them, settled.
    pub rss_after: u64,
    /// What each added to the resident memory.
    pub kib_per_connection: f64,
    /// What each added to the proportional set size.
    pub pss_kib_per_connection: f64,
}

impl Row {
    /// A run's figures.
    #[must_use]
    pub fn new(
        application: Application,
        layer: &'static str,
        handshake: Handshake,
        connections: usize,
        before: Memory,
        after: Memory,
    ) -> Self {
        let each =
            |before: u64, after: u64| after.saturating_sub(before) as f64 / 1024.0 / connections as f64;
        Self {
            application,
            layer,
            handshake,
            connections,
            rss_before: before.rss,
            rss_after: after.rss,
            kib_per_connection: each(before.rss, after.rss),
            pss_kib_per_connection: each(before.pss, after.pss),
        }
    }
}

/// A table for people, with the verdicts below it.
#[must_use]
pub fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| application | layer | handshake | connections | RSS before MiB | RSS after MiB | KiB/connection \
         | PSS KiB/connection |\n|---|---|---|---:|---:|---:|---:|---:|\n",
    );
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    for row in rows {
        table += &format!(
            "| {} | {} | {} | {} | {:.1} | {:.1} | {:.2} | {:.2} |\n",
            row.application.name(),
            row.layer,
            row.handshake.name(),
            row.connections,
            mib(row.rss_before),
            mib(row.rss_after),
            row.kib_per_connection,
            row.pss_kib_per_connection,
        );
    }
    for application in [Application::Chat, Application::Echo] {
        let rows: Vec<_> = rows.iter().filter(|row| row.application == application).collect();
        if !rows.is_empty() {
            table += &verdict(application, &rows);
        }
    }
    table
}

fn verdict(application: Application, rows: &[&Row]) -> String {
    let (name, bar) = (application.name(), application.bar_kib());
    let worst = rows.iter().map(|row| row.kib_per_connection).fold(0.0, f64::max);
    let verdict = match worst {
        _ if rows.iter().any(|row| row.connections < ENOUGH) => "too few connections to tell",
        worst if worst <= bar => "met",
        _ => "not met",
    };
    format!("{name}: bar {bar:.0} KiB: {verdict} (at most {worst:.2} KiB)\n")
}

/// The same for programs.
#[must_use]
pub fn json(rows: &[Row]) -> String {
    let bars = [Application::Chat, Application::Echo].map(|one| (one.name(), one.bar_kib()));
    let bars: serde_json::Map<_, _> = bars
        .into_iter()
        .map(|(name, bar)| (name.to_owned(), json!(bar)))
        .collect();
    format!("{:#}\n", json!({ "bar_kib": bars, "rows": rows }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kib: u64) -> Row {
        let memory = |rss| Memory { rss, pss: rss };
        Row::new(
            Application::Chat,
            "memory",
            Handshake::Bare,
            1024,
            memory(1 << 20),
            memory((1 + kib) << 20),
        )
    }

    #[test]
    fn the_worst_row_decides() {
        let text = table(&[row(3), row(10)]);
        assert!(
            text.contains("| chat | memory | bare | 1024 | 1.0 | 4.0 | 3.00 | 3.00 |\n"),
            "{text}"
        );
        assert!(
            text.ends_with("chat: bar 10 KiB: met (at most 10.00 KiB)\n"),
            "{text}"
        );
        assert!(table(&[row(3), row(11)]).contains("not met (at most 11.00 KiB)"));
        let few = Row {
            connections: 50,
            ..row(11)
        };
        assert!(table(&[few]).contains("too few"));
        let echo = Row {
            application: Application::Echo,
            ..row(7)
        };
        assert!(table(&[echo]).contains("echo: bar 6 KiB: not met (at most 7.00 KiB)"));
    }

    #[test]
    fn programs_get_every_figure() {
        let value: serde_json::Value = serde_json::from_str(&json(&[row(3)])).unwrap();
        assert_eq!(value["rows"][0]["handshake"], "bare");
        assert_eq!(value["rows"][0]["kib_per_connection"], 3.0);
    }
}
