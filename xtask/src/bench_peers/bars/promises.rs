//! The bars themselves, and the servers they are about.

use super::{Against, Bar, bar};
use crate::bench_peers::row::Metric;

pub(super) const PEERS: &[&str] = &[
    "daphne",
    "uvicorn",
    "granian",
    "gunicorn-asgi",
    "gunicorn-uvicorn",
    "hypercorn",
];
const CHAT_PEERS: &[&str] = &[
    "daphne pubsub",
    "uvicorn pubsub",
    "granian pubsub",
    "gunicorn-asgi pubsub",
    "gunicorn-uvicorn pubsub",
    "hypercorn pubsub",
];
pub(super) const DAPHNE: &[&str] = &["daphne memory", "daphne core", "daphne pubsub"];
pub(super) const HOST: &[&str] = &["laureola", "laureola-uvloop"];
const UNCHANGED: &[&str] = &["laureola pubsub", "laureola-uvloop pubsub"];
const DIRECT: &[&str] = &["laureola-direct pubsub", "laureola-uvloop-direct pubsub"];
const RELAYED: &[&str] = &[
    "rust-relay memory",
    "rust-relay core",
    "rust-relay core-process",
    "rust-relay pubsub",
    "rust-direct memory",
    "rust-direct core",
    "rust-direct core-process",
    "rust-direct pubsub",
];
pub(super) const RELAYS: &[&str] = &["rust-relay memory", "rust-relay core", "rust-relay pubsub"];
const HANDLED: &[&str] = &["rust-handler memory", "rust-handler core", "rust-handler pubsub"];
const IN_REDIS: &[&str] = &[
    "rust-relay core",
    "rust-relay pubsub",
    "rust-handler core",
    "rust-handler pubsub",
];
pub(super) const ALL: &[&str] = &[
    "rust-relay memory",
    "rust-relay core",
    "rust-relay pubsub",
    "rust-handler memory",
    "rust-handler core",
    "rust-handler pubsub",
];
const FLOOR: &[&str] = &["floor"];
const JOINED: &[&str] = &["floor-joined"];
const NODE: &[&str] = &["node-ws pubsub"];

/// The bars of the Python host, then those of the fan-out.
pub(in crate::bench_peers) const BARS: &[Bar] = &[
    bar(
        "HTTP hello per CPU second",
        "hello",
        Metric::PerCpu,
        HOST,
        Against::AtLeast(1.2, PEERS),
    ),
    bar(
        "HTTP hello per second",
        "hello",
        Metric::PerSecond,
        HOST,
        Against::AtLeast(1.5, PEERS),
    ),
    bar(
        "echo per CPU second",
        "echo",
        Metric::PerCpu,
        HOST,
        Against::AtLeast(1.2, PEERS),
    ),
    bar(
        "echo per second",
        "echo",
        Metric::PerSecond,
        HOST,
        Against::AtLeast(1.5, PEERS),
    ),
    bar(
        "Python chat, 100 sockets",
        "fan-100-w16",
        Metric::PerCpu,
        UNCHANGED,
        Against::AtLeast(1.5, CHAT_PEERS),
    ),
    bar(
        "Python chat, 1,000 sockets",
        "fan-1000-w16",
        Metric::PerCpu,
        UNCHANGED,
        Against::AtLeast(1.5, CHAT_PEERS),
    ),
    bar(
        "direct delivery, 100 sockets",
        "fan-100-w16",
        Metric::PerCpu,
        DIRECT,
        Against::AtLeast(30.0, CHAT_PEERS),
    ),
    bar(
        "direct delivery, 1,000 sockets",
        "fan-1000-w16",
        Metric::PerCpu,
        DIRECT,
        Against::AtLeast(30.0, CHAT_PEERS),
    ),
    bar(
        "idle Python WebSocket, KiB",
        "idle-raw",
        Metric::Memory,
        HOST,
        Against::Value(14.0),
    ),
    bar(
        "relay or direct, 1 in flight",
        "fan-1000-w1",
        Metric::PerCpu,
        RELAYED,
        Against::AtLeast(0.85, FLOOR),
    ),
    bar(
        "relay or direct, 16 in flight",
        "fan-1000-w16",
        Metric::PerCpu,
        RELAYED,
        Against::AtLeast(0.5, JOINED),
    ),
    bar(
        "relay or direct, 16 in flight",
        "fan-1000-w16",
        Metric::PerCpu,
        RELAYED,
        Against::AtLeast(8.0, NODE),
    ),
    bar(
        "relay or direct, 16 in flight",
        "fan-1000-w16",
        Metric::PerCpu,
        RELAYED,
        Against::AtLeast(400.0, DAPHNE),
    ),
    bar(
        "a handler each, 1 in flight",
        "fan-1000-w1",
        Metric::PerCpu,
        HANDLED,
        Against::AtLeast(0.6, FLOOR),
    ),
    bar(
        "a handler each, 1 in flight",
        "fan-1000-w1",
        Metric::PerCpu,
        HANDLED,
        Against::AtLeast(2.0, NODE),
    ),
    bar(
        "a handler each, 16 in flight",
        "fan-1000-w16",
        Metric::PerCpu,
        HANDLED,
        Against::AtLeast(0.6, FLOOR),
    ),
    bar(
        "a handler each, 16 in flight",
        "fan-1000-w16",
        Metric::PerCpu,
        HANDLED,
        Against::AtLeast(2.0, NODE),
    ),
    bar(
        "100 rooms × 10",
        "rooms-100x10",
        Metric::PerCpu,
        RELAYED,
        Against::AtLeast(0.7, FLOOR),
    ),
    bar(
        "a delivery's cost at 10,000",
        "fan-10000-w1",
        Metric::PerCpu,
        RELAYS,
        Against::CostOf(1.25, "fan-100-w1"),
    ),
    bar(
        "p99 unsaturated, ms",
        "rate-20",
        Metric::P99,
        ALL,
        Against::AtMost(1.5, FLOOR),
    ),
    bar(
        "idle chat WebSocket, KiB",
        "idle-chat",
        Metric::Memory,
        ALL,
        Against::Value(6.0),
    ),
    bar(
        "connects into a group in Redis",
        "join",
        Metric::Connects,
        IN_REDIS,
        Against::AtLeast(10.0, DAPHNE),
    ),
    bar(
        "lost, twice or out of order",
        "fan-100-w1",
        Metric::Faults,
        ALL,
        Against::Value(0.0),
    ),
    bar(
        "lost, twice or out of order",
        "fan-100-w16",
        Metric::Faults,
        ALL,
        Against::Value(0.0),
    ),
    bar(
        "lost, twice or out of order",
        "fan-1000-w1",
        Metric::Faults,
        ALL,
        Against::Value(0.0),
    ),
    bar(
        "lost, twice or out of order",
        "fan-1000-w16",
        Metric::Faults,
        ALL,
        Against::Value(0.0),
    ),
    bar(
        "lost, twice or out of order",
        "fan-10000-w1",
        Metric::Faults,
        ALL,
        Against::Value(0.0),
    ),
    bar(
        "lost, twice or out of order",
        "rooms-100x10",
        Metric::Faults,
        ALL,
        Against::Value(0.0),
    ),
    bar(
        "lost, twice or out of order",
        "two-servers",
        Metric::Faults,
        IN_REDIS,
        Against::Value(0.0),
    ),
    bar(
        "lost, twice or out of order",
        "rate-20",
        Metric::Faults,
        ALL,
        Against::Value(0.0),
    ),
    bar(
        "lost, twice or out of order",
        "burst",
        Metric::Faults,
        ALL,
        Against::Value(0.0),
    ),
    bar(
        "lost, twice or out of order",
        "slow",
        Metric::Faults,
        ALL,
        Against::Value(0.0),
    ),
];
