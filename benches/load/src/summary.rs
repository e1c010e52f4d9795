//! An outcome in a few lines, for people.

use std::fmt::{self, Write as _};

use crate::outcome::{Latency, Outcome};

/// What there is to say about a run.
#[must_use]
pub fn summary(outcome: &Outcome) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(outcome, &mut text);
    text
}

fn write(outcome: &Outcome, out: &mut String) -> fmt::Result {
    let label = outcome
        .label
        .as_ref()
        .map(|label| format!(" {label}"))
        .unwrap_or_default();
    writeln!(
        out,
        "{}{label}: {} of {} connections, {:.0}/s",
        outcome.scenario, outcome.connected, outcome.connections, outcome.connect.per_second
    )?;
    if outcome.deliveries > 0 || outcome.expected > 0 {
        writeln!(
            out,
            "  {} in {:.2} s: {} per second{}",
            grouped(outcome.deliveries as f64),
            outcome.seconds,
            grouped(outcome.deliveries_per_second),
            outcome
                .per_server_cpu_second
                .map(|rate| format!(", {} per second of server CPU", grouped(rate)))
                .unwrap_or_default()
        )?;
    }
    if outcome.expected > 0 {
        writeln!(
            out,
            "  lost {} of {}, duplicates {}, out of order {}",
            outcome.lost, outcome.expected, outcome.duplicates, outcome.reordered
        )?;
    }
    if let Some(latency) = &outcome.latency_us {
        writeln!(out, "  latency {}", latencies(latency))?;
    }
    if let Some(lag) = &outcome.send_lag_us {
        writeln!(out, "  of which sent late {}", latencies(lag))?;
    }
    let cpu = outcome.cpu_seconds;
    writeln!(
        out,
        "  CPU s: server {:.2}, redis {:.2}, client {:.2}; machine {:.0} % busy, others {:.0} %; saturated: {}{}",
        cpu.server,
        cpu.redis,
        cpu.client,
        outcome.machine_busy * 100.0,
        outcome.others_busy * 100.0,
        format!("{:?}", outcome.saturated).to_lowercase(),
        if outcome.disturbed { "; DISTURBED" } else { "" }
    )?;
    if let Some(memory) = &outcome.rss_kib {
        writeln!(
            out,
            "  server memory: {} KiB, then {} KiB, {:.2} KiB per connection",
            memory.server_before, memory.server_after, memory.per_connection
        )?;
    }
    if let Some(slow) = &outcome.slow {
        writeln!(
            out,
            "  slow clients: {}, closed by the server: {}",
            slow.connected, slow.closed
        )?;
    }
    for (kind, count) in &outcome.error_kinds {
        writeln!(out, "  error, {count} times: {kind}")?;
    }
    Ok(())
}

fn latencies(latency: &Latency) -> String {
    format!(
        "p50 {}, p90 {}, p99 {}, p99.9 {}, max {}",
        time(latency.p50),
        time(latency.p90),
        time(latency.p99),
        time(latency.p999),
        time(latency.max)
    )
}

/// Microseconds with a unit and three digits.
#[must_use]
pub fn time(micros: u64) -> String {
    let value = micros as f64;
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{} ms", digits(value / 1e3)),
        _ => format!("{} s", digits(value / 1e6)),
    }
}

/// Three digits.
#[must_use]
pub fn digits(value: f64) -> String {
    let decimals = if value < 10.0 {
        2
    } else {
        usize::from(value < 100.0)
    };
    format!("{value:.decimals$}")
}

/// A number without decimals, with a comma every three digits.
#[must_use]
pub fn grouped(value: f64) -> String {
    let text = format!("{value:.0}");
    let mut out = String::with_capacity(text.len() * 4 / 3);
    for (index, digit) in text.char_indices() {
        if index > 0 && (text.len() - index).is_multiple_of(3) && !out.ends_with('-') {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!(grouped(1_234_567.4), "1,234,567");
        assert_eq!(grouped(-123.0), "-123");
        assert_eq!(grouped(12.0), "12");
        assert_eq!(
            (time(999), time(1_500)),
            ("999 µs".to_owned(), "1.50 ms".to_owned())
        );
        assert_eq!(
            (time(25_000), time(2_000_000)),
            ("25.0 ms".to_owned(), "2.00 s".to_owned())
        );
    }
}
