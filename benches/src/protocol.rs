//! A native application beside the bare libraries it stands on: the pieces of the bench `protocol`.
//!
//! - [`servers`]: the servers, each a child process, since CPU time is counted by process
//! - [`load`]: clients that keep one request each under way and do next to nothing with the answer
//! - [`report`]: medians over the rounds, ratios, verdicts

pub mod load;
pub mod report;
pub mod servers;
