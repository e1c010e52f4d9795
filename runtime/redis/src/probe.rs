//! What can be asked of the servers without being part of the layer.

use std::time::{Duration, Instant};

use laureola_layers::{GroupName, LayerError};

use crate::config::{Host, RedisConfig};
use crate::link::Link;

/// So many groups are asked for in one round trip.
const BATCH: usize = 500;

/// How one host answered.
#[derive(Debug)]
#[non_exhaustive]
pub struct Probe {
    /// The host, without user and password.
    pub host: String,
    /// What it said, or why it said nothing.
    pub answer: Result<Answer, LayerError>,
}

/// A server that a layer can use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// How long a `PING` took on an open connection.
    pub latency: Duration,
    /// `Redis 7.0.15`, `Valkey 9.1.2`; `None` if an access list forbids `INFO`.
    pub server: Option<String>,
    /// `master`, or what else `INFO` calls it.
    pub role: Option<String>,
}

/// Asks every host of a layer, one after the other, each within some seconds. A host that cannot be
/// used, such as a replica, has an error for its answer.
pub async fn probe(config: &RedisConfig) -> Vec<Probe> {
    let mut probes = Vec::new();
    for host in &config.hosts {
        probes.push(Probe {
            host: host.to_string(),
            answer: ask(host).await,
        });
    }
    probes
}

async fn ask(host: &Host) -> Result<Answer, LayerError> {
    let link = Link::open(host).await?;
    let start = Instant::now();
    link.query::<()>("ping", &redis::cmd("PING")).await?;
    let latency = start.elapsed();
    let mut info = String::new();
    for section in ["server", "replication"] {
        let mut command = redis::cmd("INFO");
        command.arg(section);
        // Forbidden, or gone since: what is known is worth showing.
        info += &link.query::<String>("ask", &command).await.unwrap_or_default();
    }
    let field = |name: &str| {
        let line = info
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(|value| value.trim().to_owned())
    };
    let valkey = field("valkey_version").map(|version| format!("Valkey {version}"));
    Ok(Answer {
        latency,
        server: valkey.or_else(|| field("redis_version").map(|version| format!("Redis {version}"))),
        role: field("role"),
    })
}

/// A group of a pub/sub layer that some process is subscribed to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subscribed {
    /// The group's name.
    pub name: String,
    /// How many processes are subscribed; each once, however many members it has.
    pub processes: usize,
    /// The host they are subscribed at.
    pub host: String,
}

/// The groups of a pub/sub layer (`PUBSUB CHANNELS`), by name. Its members are known to their own
/// processes only. Groups of the sharded pub/sub of a Cluster are not among them.
///
/// # Errors
/// [`LayerError::Backend`] if a host cannot be reached.
pub async fn subscribed_groups(config: &RedisConfig) -> Result<Vec<Subscribed>, LayerError> {
    let prefix = format!("{}__group__", config.prefix);
    let group_of = |channel: &str| GroupName::new(channel.strip_prefix(&prefix)?).ok();
    let mut groups = Vec::new();
    for host in &config.hosts {
        let link = Link::open(host).await?;
        let mut channels = redis::cmd("PUBSUB");
        channels.arg("CHANNELS").arg(pattern(&prefix));
        let channels: Vec<Vec<u8>> = link.query("list groups", &channels).await?;
        // What is no name of ours belongs to somebody else.
        let channels: Vec<_> = channels
            .into_iter()
            .filter_map(|channel| String::from_utf8(channel).ok())
            .filter_map(|channel| Some((group_of(&channel)?, channel)))
            .collect();
        for some in channels.chunks(BATCH) {
            let mut counts = redis::pipe();
            for (_, channel) in some {
                counts.cmd("PUBSUB").arg("NUMSUB").arg(channel);
            }
            let counts: Vec<(String, usize)> = link.pipe("count subscribers", &counts).await?;
            for ((group, _), (_, processes)) in some.iter().zip(counts) {
                groups.push(Subscribed {
                    name: group.as_str().to_owned(),
                    processes,
                    host: link.place().to_owned(),
                });
            }
        }
    }
    groups.sort_by(|a, b| (&a.name, &a.host).cmp(&(&b.name, &b.host)));
    Ok(groups)
}

/// A glob for whatever begins like this.
fn pattern(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 1);
    for character in prefix.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('*');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_taken_literally() {
        assert_eq!(pattern("a*[b]__group__"), "a\\*\\[b\\]__group__*");
    }
}
