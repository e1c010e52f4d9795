//! Medians over the rounds, ratios, verdicts.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::json;

use super::job::Kind;
use super::membership::{BAR, Cost};
use super::pair::Sample;

/// How many times the reference's deliveries per second ours are to reach.
fn bar(layer: Kind) -> f64 {
    match layer {
        Kind::Core => 20.0,
        Kind::PubSub => 4.0,
    }
}

/// A layer with so many members: a sample a round, of ours and of the reference.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The layer.
    pub layer: Kind,
    /// Members of the group, all in one process.
    pub members: u32,
    /// Laureola.
    pub ours: Vec<Sample>,
    /// `channels_redis`.
    pub reference: Vec<Sample>,
}

/// The middle one of some figures; 0 of none.
#[must_use]
pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<_> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    match figures.len() {
        0 => 0.0,
        count if count % 2 == 1 => figures[count / 2],
        count => (figures[count / 2 - 1] + figures[count / 2]) / 2.0,
    }
}

fn middle(samples: &[Sample], of: impl Fn(&Sample) -> f64) -> f64 {
    median(samples.iter().map(of))
}

/// A table for people, with the verdicts below it.
#[must_use]
pub fn table(rows: &[Row], costs: &[Cost]) -> String {
    let mut text = String::new();
    if !rows.is_empty() {
        text += "| layer | members | deliveries/s | channels_redis | ratio | per CPU-s | channels_redis | ratio \
                 | CPU s recv+send | channels_redis | Redis µs/message | channels_redis | incomplete |\n\
                 |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n";
    }
    let mut verdicts = String::new();
    for row in rows {
        let Row {
            layer,
            members,
            ours,
            reference,
        } = row;
        let rates = [ours, reference].map(|samples| middle(samples, Sample::rate));
        let efficiencies = [ours, reference].map(|samples| middle(samples, Sample::per_cpu_second));
        let redis = [ours, reference].map(|samples| middle(samples, |sample| sample.redis_micros));
        let [ours_cpu, reference_cpu] = [ours, reference].map(|samples| {
            let [receiver, sender] =
                [|s: &Sample| s.receiver_cpu, |s: &Sample| s.sender_cpu].map(|cpu| middle(samples, cpu));
            format!("{receiver:.2}+{sender:.2}")
        });
        let [ratio, cpu_ratio] = [rates, efficiencies].map(|[ours, reference]| ours / reference);
        let incomplete = [ours, reference].map(|samples| samples.iter().map(|s| s.incomplete).sum::<u64>());
        let _ = writeln!(
            text,
            "| {layer} | {members} | {} | {} | {ratio:.1} | {} | {} | {cpu_ratio:.1} | {ours_cpu} \
             | {reference_cpu} | {:.0} | {:.0} | {}/{} |",
            thousands(rates[0]),
            thousands(rates[1]),
            thousands(efficiencies[0]),
            thousands(efficiencies[1]),
            redis[0],
            redis[1],
            incomplete[0],
            incomplete[1],
        );
        let bar = bar(*layer);
        let _ = writeln!(
            verdicts,
            "bar {layer} {members}: {bar} times channels_redis: {} ({ratio:.1} times the deliveries/s), \
             per CPU second {} ({cpu_ratio:.1} times)",
            met(ratio >= bar),
            met(cpu_ratio >= bar),
        );
    }
    text + &verdicts + &memberships(costs)
}

fn memberships(costs: &[Cost]) -> String {
    if costs.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "\n| membership | members | Redis µs per group send | lowest | in scripts | incomplete |\n|---|---:|---:|---:|---:|---:|\n",
    );
    for cost in costs {
        let Cost {
            membership,
            members,
            cpu_micros,
            lowest_cpu_micros,
            script_micros,
            incomplete,
        } = cost;
        let _ = writeln!(
            text,
            "| {membership} | {members} | {cpu_micros:.1} | {lowest_cpu_micros:.1} | {script_micros:.1} | {incomplete} |"
        );
    }
    let of_process: Vec<_> = costs.iter().filter(|cost| cost.membership == "process").collect();
    if let [few, many] = of_process[..] {
        let more = [
            many.cpu_micros / few.cpu_micros - 1.0,
            many.lowest_cpu_micros / few.lowest_cpu_micros - 1.0,
        ];
        let _ = writeln!(
            text,
            "bar process membership, {} members within {:.0} % of {}: {} ({:+.1} %), the lowest {} ({:+.1} %)",
            many.members,
            100.0 * BAR,
            few.members,
            met(more[0] <= BAR),
            100.0 * more[0],
            met(more[1] <= BAR),
            100.0 * more[1],
        );
    }
    text
}

/// The median of each membership and size over the rounds; losses add up.
#[must_use]
pub fn merge(costs: &[Cost]) -> Vec<Cost> {
    let mut merged: Vec<Cost> = Vec::new();
    for cost in costs {
        let same = |other: &&Cost| (other.membership, other.members) == (cost.membership, cost.members);
        if merged.iter().any(|other| same(&other)) {
            continue;
        }
        let all: Vec<_> = costs.iter().filter(same).collect();
        merged.push(Cost {
            cpu_micros: median(all.iter().map(|cost| cost.cpu_micros)),
            lowest_cpu_micros: all
                .iter()
                .map(|cost| cost.lowest_cpu_micros)
                .fold(f64::INFINITY, f64::min),
            script_micros: median(all.iter().map(|cost| cost.script_micros)),
            incomplete: all.iter().map(|cost| cost.incomplete).sum(),
            ..cost.clone()
        });
    }
    merged
}

fn met(met: bool) -> &'static str {
    if met { "met" } else { "NOT met" }
}

fn thousands(figure: f64) -> String {
    if figure < 10_000.0 {
        format!("{figure:.0}")
    } else {
        format!("{:.0} k", figure / 1_000.0)
    }
}

/// Everything for programs: each round's samples.
#[must_use]
pub fn json(rows: &[Row], costs: &[Cost]) -> String {
    format!("{:#}\n", json!({ "rows": rows, "group_send": costs }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(deliveries: u64) -> Sample {
        Sample {
            deliveries,
            seconds: 2.0,
            receiver_cpu: 1.5,
            sender_cpu: 0.5,
            redis_micros: 10.0,
            incomplete: 0,
        }
    }

    fn cost(members: u32, cpu_micros: f64) -> Cost {
        Cost {
            membership: "process",
            members,
            cpu_micros,
            lowest_cpu_micros: cpu_micros,
            script_micros: 10.0,
            incomplete: 0,
        }
    }

    #[test]
    fn the_median_round_decides() {
        let row = Row {
            layer: Kind::Core,
            members: 10,
            ours: vec![sample(100), sample(42_000), sample(90_000)],
            reference: vec![sample(2_000); 3],
        };
        let text = table(&[row], &[]);
        assert!(
            text.contains("| core | 10 | 21 k | 1000 | 21.0 | 21 k | 1000 | 21.0 | 1.50+0.50 |"),
            "{text}"
        );
        assert!(
            text.contains("bar core 10: 20 times channels_redis: met"),
            "{text}"
        );
        assert_eq!(median([3.0, 1.0]), 2.0);
        assert_eq!(median([]), 0.0);
    }

    #[test]
    fn many_members_may_cost_a_fifth_more() {
        let costs = [
            cost(10, 90.0),
            cost(10, 110.0),
            cost(10_000, 118.0),
            cost(10_000, 124.0),
        ];
        let merged = merge(&costs);
        assert_eq!(merged.len(), 2);
        let text = table(&[], &merged);
        assert!(
            text.contains("of 10: NOT met (+21.0 %), the lowest NOT met (+31.1 %)"),
            "{text}"
        );
    }
}
