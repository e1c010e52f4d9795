//! A bar chart.

mod axis;

use super::case::{Case, Row};
use super::spread::Spread;
use super::svg::Svg;
use crate::cli::{Metric, PlotArgs};
use crate::summary::{digits, time};
use axis::Axis;

const WIDTH: f64 = 860.0;
const BAR: f64 = 18.0;
const STEP: f64 = 26.0;
const MARGIN: f64 = 16.0;
/// What a letter needs, roughly: the fonts are the reader's.
const LETTER: f64 = 7.3;

/// A panel for each of `cases` that has the metric of `args`, the best row first; `None` if none has. All have the
/// same axis.
#[must_use]
pub fn plot(cases: &[Case<'_>], args: &PlotArgs) -> Option<String> {
    let metric = args.metric;
    let panels: Vec<(&str, Vec<(&str, Spread)>)> = cases
        .iter()
        .map(|case| (case.name.as_str(), bars(&case.rows, metric)))
        .filter(|(_, bars)| !bars.is_empty())
        .collect();
    let spreads = || {
        panels
            .iter()
            .flat_map(|(_, bars)| bars.iter().map(|(_, spread)| *spread))
    };
    let axis = Axis::over(spreads(), args.log)?;
    let labels = panels
        .iter()
        .flat_map(|(_, bars)| bars.iter().map(|(label, _)| label.chars().count()));
    let left = MARGIN + 10.0 + LETTER * labels.max().unwrap_or_default() as f64;
    let values = spreads().map(|spread| shown(metric, spread.median).chars().count());
    let right = WIDTH - MARGIN - 10.0 - LETTER * values.max().unwrap_or_default() as f64;
    let at = |value: f64| left + axis.place(value) * (right - left);

    let title = args.title.as_deref().unwrap_or_else(|| heading(metric));
    let mut svg = Svg::default();
    svg.text(MARGIN, 28.0, "title", title);
    let mut y = 50.0;
    for (name, bars) in &panels {
        svg.text(MARGIN, y + 14.0, "case", name);
        y += 26.0;
        let bottom = y + STEP * bars.len() as f64;
        for tick in axis.ticks() {
            svg.line((at(tick), y - 2.0), (at(tick), bottom), "grid");
            svg.text(at(tick), bottom + 15.0, "soft middle", &short(metric, tick));
        }
        for (label, spread) in bars {
            let stands_out = args
                .highlight
                .as_ref()
                .is_some_and(|text| label.contains(text.as_str()));
            let class = if stands_out { "out" } else { "bar" };
            row(&mut svg, (left, y), label, *spread, class, &at, metric);
            y += STEP;
        }
        y += 36.0;
    }
    let log_note = if args.log { ", logarithmic" } else { "" };
    let note = format!(
        "{}{log_note}; medians, whiskers from the least to the most",
        heading(metric)
    );
    svg.text(MARGIN, y + 2.0, "soft", &note);
    Some(svg.finish(WIDTH, y + 16.0, title))
}

fn bars<'a>(rows: &'a [Row<'_>], metric: Metric) -> Vec<(&'a str, Spread)> {
    let mut bars: Vec<(&str, Spread)> = rows
        .iter()
        .filter_map(|row| Some((row.label.as_str(), row.metric(metric)?)))
        .collect();
    bars.sort_by(|(_, one), (_, other)| one.median.total_cmp(&other.median));
    if matches!(metric, Metric::Rate | Metric::PerCpu | Metric::Connects) {
        bars.reverse();
    }
    bars
}

fn row(
    svg: &mut Svg,
    (left, y): (f64, f64),
    label: &str,
    spread: Spread,
    class: &str,
    at: &impl Fn(f64) -> f64,
    metric: Metric,
) {
    let middle = y + BAR / 2.0;
    let (least, most, median) = (
        shown(metric, spread.min),
        shown(metric, spread.max),
        shown(metric, spread.median),
    );
    svg.text(left - 10.0, middle + 4.5, "end", label);
    let says = format!("{label}: {median} ({least} to {most})");
    svg.bar(left, y, ((at(spread.median) - left).max(1.0), BAR), class, &says);
    if spread.max > spread.min {
        svg.line((at(spread.min), middle), (at(spread.max), middle), "whisker");
        for end in [spread.min, spread.max] {
            svg.line((at(end), middle - 4.0), (at(end), middle + 4.0), "whisker");
        }
    }
    svg.text(at(spread.max.max(spread.median)) + 8.0, middle + 4.5, "", &median);
}

fn heading(metric: Metric) -> &'static str {
    match metric {
        Metric::Rate => "Per second",
        Metric::PerCpu => "Per second of server CPU",
        Metric::P50 => "Median latency",
        Metric::P99 => "99th percentile of the latency",
        Metric::Memory => "KiB of resident memory per connection",
        Metric::Connects => "Connects per second of server CPU",
    }
}

fn shown(metric: Metric, value: f64) -> String {
    match metric {
        Metric::Rate | Metric::PerCpu | Metric::Connects => match value {
            1e6.. => format!("{} M", digits(value / 1e6)),
            1e3.. => format!("{} k", digits(value / 1e3)),
            _ => digits(value),
        },
        Metric::P50 | Metric::P99 => time(value as u64),
        Metric::Memory => format!("{} KiB", digits(value)),
    }
}

/// A value at the axis: as few digits as it has.
fn short(metric: Metric, value: f64) -> String {
    let (value, unit) = match metric {
        Metric::P50 | Metric::P99 if value >= 1e6 => (value / 1e6, " s"),
        Metric::P50 | Metric::P99 if value >= 1e3 => (value / 1e3, " ms"),
        Metric::P50 | Metric::P99 => (value, " µs"),
        Metric::Memory => (value, ""),
        _ if value >= 1e6 => (value / 1e6, " M"),
        _ if value >= 1e3 => (value / 1e3, " k"),
        _ => (value, ""),
    };
    // Ten digits hide what binary fractions do to tenths.
    let text = format!("{value:.10}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests;
