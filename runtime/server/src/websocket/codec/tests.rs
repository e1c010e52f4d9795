//! The decoder alone: examples, cuts, limits, and tungstenite as a second opinion.

mod compressed;
mod differential;
mod plain;
mod support;
