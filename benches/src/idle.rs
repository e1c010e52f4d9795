//! Idle connections to an application and the memory they cost: the pieces of the bench `idle`.
//!
//! - [`server`]: the server, a child process, since memory is counted by process
//! - [`application`]: what they connect to
//! - [`clients`]: the connections, with a browser's headers or without
//! - [`memory`]: what a process holds, once that has settled
//! - [`report`]: the figures

pub mod application;
pub mod clients;
pub mod memory;
pub mod report;
pub mod server;
