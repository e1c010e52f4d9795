//! Our Redis layers beside channels_redis: the pieces of the bench `layer_peers`.
//!
//! A run has two processes of one kind, ours or Python's: one receives for all members of a group,
//! the other sends to it, so many messages in flight. The receiver writes a byte into a pipe for
//! each message that every member got, and the sender reads them: the same loop for both kinds.
//!
//! - [`job`]: what a process is told, and what the sender reports
//! - [`child`]: our processes; `benches/python/layer_peer.py` is their twin
//! - [`arrivals`]: which messages everybody got
//! - [`pair`]: one run of two processes, and the CPU time of each
//! - [`gauge`]: CPU time of a process; what Redis itself says it spent
//! - [`membership`]: what a group send costs Redis by the number of members
//! - [`report`]: medians, ratios, verdicts

pub mod arrivals;
pub mod child;
pub mod gauge;
pub mod job;
pub mod membership;
pub mod pair;
pub mod report;
