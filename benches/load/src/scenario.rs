//! What there is to do to a server: one module for each kind of work.

mod churn;
mod hello;
mod idle;
mod messages;
mod stage;
mod traffic;

use std::time::{SystemTime, UNIX_EPOCH};

use crate::cli::{BurstArgs, ChurnArgs, Common, EchoArgs, FanoutArgs, HelloArgs, IdleArgs};
use crate::errors::LoadError;
use crate::outcome::Outcome;
use crate::protocol::Protocol;

use messages::{Pace, Plan};

/// Rooms with members; see [`FanoutArgs`].
///
/// # Errors
/// [`LoadError`]; what goes wrong with single connections is in the outcome.
pub fn fanout(args: &FanoutArgs) -> Result<Outcome, LoadError> {
    enough(args.members, args.senders)?;
    let pace = match args.rate {
        Some(rate) if rate > 0.0 => Pace::Rate(rate),
        Some(_) => return Err(LoadError::Usage("a rate is more than 0".to_owned())),
        None => Pace::Window(args.window.unwrap_or(1)),
    };
    let outcome = outcome("fanout", args, &args.common);
    messages::run(
        outcome,
        &args.common,
        &Plan {
            targets: args.url.clone(),
            rooms: args.rooms,
            members: args.members,
            senders: args.senders,
            slow: args.slow,
            slow_rate: args.slow_rate,
            protocol: args.protocol,
            bytes: args.bytes,
            pace,
            settle: args.settle,
            warmup: args.warmup,
            seconds: args.seconds,
            message_timeout: args.message_timeout,
            drain: args.drain,
        },
    )
}

/// Connections that get back what they send; see [`EchoArgs`]. To the ledger, rooms of one.
///
/// # Errors
/// [`LoadError`]; what goes wrong with single connections is in the outcome.
pub fn echo(args: &EchoArgs) -> Result<Outcome, LoadError> {
    let outcome = outcome("echo", args, &args.common);
    messages::run(
        outcome,
        &args.common,
        &Plan {
            targets: args.url.clone(),
            rooms: args.connections,
            members: 1,
            senders: 1,
            slow: 0,
            slow_rate: 0,
            protocol: Protocol::Plain,
            bytes: args.bytes,
            pace: Pace::Window(args.window),
            settle: args.settle,
            warmup: args.warmup,
            seconds: args.seconds,
            message_timeout: args.message_timeout,
            drain: args.message_timeout,
        },
    )
}

/// Requests and responses; see [`HelloArgs`].
///
/// # Errors
/// [`LoadError`]; what goes wrong with single connections is in the outcome.
pub fn hello(args: &HelloArgs) -> Result<Outcome, LoadError> {
    hello::run(outcome("hello", args, &args.common), args)
}

/// Connections that do nothing; see [`IdleArgs`].
///
/// # Errors
/// [`LoadError`]; what goes wrong with single connections is in the outcome.
pub fn idle(args: &IdleArgs) -> Result<Outcome, LoadError> {
    idle::run(outcome("idle", args, &args.common), args)
}

/// Connections that come and go; see [`ChurnArgs`].
///
/// # Errors
/// [`LoadError`]; what goes wrong with single connections is in the outcome.
pub fn churn(args: &ChurnArgs) -> Result<Outcome, LoadError> {
    churn::run(outcome("churn", args, &args.common), args)
}

/// Many messages at once; see [`BurstArgs`].
///
/// # Errors
/// [`LoadError`]; what goes wrong with single connections is in the outcome.
pub fn burst(args: &BurstArgs) -> Result<Outcome, LoadError> {
    enough(args.members, args.senders)?;
    let outcome = outcome("burst", args, &args.common);
    messages::run(
        outcome,
        &args.common,
        &Plan {
            targets: args.url.clone(),
            rooms: args.rooms,
            members: args.members,
            senders: args.senders,
            slow: 0,
            slow_rate: 0,
            protocol: args.protocol,
            bytes: args.bytes,
            pace: Pace::Burst(args.messages),
            settle: args.settle,
            warmup: 0.0,
            seconds: args.message_timeout,
            message_timeout: args.message_timeout,
            drain: 1.0,
        },
    )
}

fn enough(members: usize, senders: usize) -> Result<(), LoadError> {
    if senders > members {
        let why = format!("{members} members cannot have {senders} senders among them");
        return Err(LoadError::Usage(why));
    }
    Ok(())
}

fn outcome(scenario: &str, args: &impl serde::Serialize, common: &Common) -> Outcome {
    let arguments = serde_json::to_value(args).expect("arguments are plain data");
    Outcome::new(scenario, common.label.clone(), arguments)
}

/// Names of rooms that no earlier run had: a message of that one may still be on its way.
fn room_names(rooms: usize) -> Vec<String> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let run = since.as_millis() % 0x1_0000_0000;
    (0..rooms).map(|room| format!("load-{run:x}-{room}")).collect()
}
