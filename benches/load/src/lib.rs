//! A load tool for WebSocket servers, and for those who fan messages out above all.
//!
//! The command is the way to use it: `laureola-load --help`, and the README. As a library it runs a scenario and
//! returns the [`Outcome`] that the command writes as JSON.
//!
//! One thread does everything, so that a server has the other cores: what it costs is in the outcome, as is whether
//! it was the one that could do no more.
//!
//! # Map
//! * [`cli`], [`run()`], [`progress`], [`summary`]: the command.
//! * [`scenario`]: what there is to do to a server.
//! * [`ledger`], [`mark`]: who has to get which message, and how one is known again.
//! * [`protocol`], [`websocket`], [`wire`]: what is said.
//! * [`net`]: all connections in one loop. [`target`]: where they go.
//! * [`system`]: CPU time and memory of processes, from `/proc`.
//! * [`outcome`], [`errors`]: what came of it. [`report`]: many of them beside each other.
//!
//! # Example
//! ```no_run
//! use clap::Parser as _;
//! use laureola_load::cli::{Cli, Scenario};
//!
//! let line = ["laureola-load", "echo", "--url", "ws://127.0.0.1:8000/", "--quiet"];
//! let Scenario::Echo(args) = Cli::parse_from(line).scenario else { unreachable!() };
//! let outcome = laureola_load::scenario::echo(&args)?;
//! println!("{} messages per second", outcome.deliveries_per_second);
//! # Ok::<(), laureola_load::errors::LoadError>(())
//! ```

pub mod cli;
pub mod errors;
pub mod ledger;
pub mod mark;
pub mod net;
pub mod outcome;
pub mod progress;
pub mod protocol;
pub mod report;
mod run;
pub mod scenario;
pub mod summary;
pub mod system;
pub mod target;
pub mod websocket;
pub mod wire;

pub use outcome::Outcome;
pub use run::run;
