//! Raw requests, good and bad, each with the answer it must get: see `cases/README.md`.
//!
//! What a table cannot say (order, waiting, what is sent after a look at the answer) stands in the
//! modules of tests below.

mod app;
mod case;
mod expect;
mod mixed;
mod order;
mod pages;
mod responses;
mod run;
mod stall;
mod support;
mod table;
