//! A well-behaved client while others attack: the pieces of the bench `attack`.
//!
//! - [`kind`]: the attacks, and what memory each may cost
//! - [`site`]: the application under attack
//! - [`attackers`]: those who attack, in a process of their own
//! - [`probe`]: the well-behaved client, which notes how long each of its answers took
//! - [`child`]: both of them as processes
//! - [`report`]: the table

pub mod attackers;
pub mod child;
pub mod kind;
pub mod probe;
pub mod report;
pub mod site;
