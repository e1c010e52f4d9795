//! One worker: started, listened to, told what the parent is told, and started again.

use std::process::ExitStatus;
use std::time::Duration;

use anyhow::Result;
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::UnixStream;
use tokio::process::Child;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, sleep};

use super::memory::{Bound, Turn};
use super::plan::Plan;
use super::reached;
use crate::parent::{NOW, STOP};

/// The pause before a worker that ended is started again: doubled while that goes on.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A worker that lived so long had a good start; its end is a new trouble.
const LONG: Duration = Duration::from_secs(30);

/// What the parent wants of all workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Reload,
    Stop,
    /// At once.
    Now,
    Kill,
}

/// What a worker's life brings.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event {
    /// It serves, and shows it.
    Alive(usize),
    Ended(usize),
}

/// A worker has ended, and is not started again.
pub(super) struct End {
    /// Where that was not as it should be: why.
    pub(super) failed: Option<String>,
}

/// Keeps worker `number` running until it is told to stop.
pub(super) async fn tend(
    number: usize,
    plan: Plan,
    mut orders: broadcast::Receiver<Order>,
    events: mpsc::Sender<Event>,
) -> End {
    let mut pause = SHORTEST_PAUSE;
    let mut served = false;
    let mut turn = None;
    loop {
        let begun = Instant::now();
        let life = match plan.start(number) {
            Ok((child, stream)) => {
                let worker = Worker {
                    number,
                    child,
                    stream,
                    turn: &mut turn,
                };
                live(worker, plan.bound(), &mut orders, &events).await
            }
            Err(error) => Life::failed(format!("{error:#}")),
        };
        served |= life.served;
        if life.told {
            return End {
                failed: life.trouble.map(|trouble| format!("worker {number} {trouble}")),
            };
        }
        let unasked = if life.grown {
            "has ended"
        } else {
            "ended by itself"
        };
        let trouble = life.trouble.unwrap_or_else(|| unasked.to_owned());
        if !served {
            return End {
                failed: Some(format!("worker {number} did not start: it {trouble}")),
            };
        }
        if begun.elapsed() >= LONG {
            pause = SHORTEST_PAUSE;
        }
        if life.grown {
            tracing::info!("worker {number} {trouble}; a new one takes its place in {pause:?}");
        } else {
            tracing::error!("worker {number} {trouble}; it is started again in {pause:?}");
        }
        tokio::select! {
            () = sleep(pause) => {}
            () = stopped(&mut orders) => return End { failed: None },
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn stopped(orders: &mut broadcast::Receiver<Order>) {
    while let Ok(Order::Reload) | Err(broadcast::error::RecvError::Lagged(_)) = orders.recv().await {}
}

/// From a worker's start to its end.
struct Life {
    /// It served at some time.
    served: bool,
    /// It was told to end.
    told: bool,
    /// It was asked to end because it held too much memory.
    grown: bool,
    /// `None` for a good end.
    trouble: Option<String>,
}

impl Life {
    fn failed(trouble: String) -> Self {
        Self {
            served: false,
            told: false,
            grown: false,
            trouble: Some(trouble),
        }
    }
}

/// A process that has been started.
struct Worker<'a> {
    number: usize,
    child: Child,
    stream: UnixStream,
    /// Of the one before it, whose place it takes.
    turn: &'a mut Option<Turn>,
}

async fn live(
    worker: Worker<'_>,
    bound: Option<&Bound>,
    orders: &mut broadcast::Receiver<Order>,
    events: &mpsc::Sender<Event>,
) -> Life {
    let Worker {
        number,
        mut child,
        stream,
        turn,
    } = worker;
    let pid = child.id();
    let mut deadline = None;
    let mut life = Life::failed(String::new());
    let mut killed = false;
    let mut speaks = true;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status,
            alive = pulse(&stream), if speaks => match alive {
                Ok(()) => {
                    let first = !std::mem::replace(&mut life.served, true);
                    let _ = events.send(Event::Alive(number)).await;
                    if first {
                        // The turn of another one: it comes before this one's next sign.
                        *turn = None;
                    }
                    let over = bound.filter(|_| !first && turn.is_none() && !life.told);
                    if let Some(bound) = over && let Some((held, its_turn)) = bound.exceeded(pid) {
                        tracing::warn!(
                            "worker {number} holds {} MiB, more than --workers-max-rss; it closes every connection",
                            held >> 20
                        );
                        life.grown = true;
                        *turn = Some(its_turn);
                        deadline = Some(Instant::now() + bound.grace);
                        say(&stream, STOP);
                    }
                }
                // Its end is near; `wait` says how.
                Err(()) => speaks = false,
            },
            () = reached(deadline) => {
                deadline = None;
                killed = true;
                tracing::error!("worker {number} did not end in its time; it is killed");
                signal(pid, Signal::KILL);
            }
            order = orders.recv() => match order {
                // One that does not serve yet may not listen to it; it reads what is new anyway.
                Ok(Order::Reload) if !life.served => {}
                Ok(Order::Reload) => signal(pid, Signal::HUP),
                Ok(Order::Stop) | Err(broadcast::error::RecvError::Closed) => {
                    life.told = true;
                    say(&stream, STOP);
                }
                Ok(Order::Now) => {
                    life.told = true;
                    say(&stream, NOW);
                }
                Ok(Order::Kill) => {
                    life.told = true;
                    killed = true;
                    tracing::error!("worker {number} did not end in its time; it is killed");
                    signal(pid, Signal::KILL);
                }
                Err(broadcast::error::RecvError::Lagged(_)) => {}
            },
        }
    };
    let _ = events.send(Event::Ended(number)).await;
    life.trouble = trouble(status, killed);
    life
}

fn trouble(status: std::io::Result<ExitStatus>, killed: bool) -> Option<String> {
    match status {
        _ if killed => Some("did not end in its time".to_owned()),
        Ok(status) if status.success() => None,
        Ok(status) => Some(format!("ended with {status}")),
        Err(error) => Some(format!("cannot be waited for: {error}")),
    }
}

/// Ready when the worker has shown a sign of life; an error when it no longer will.
async fn pulse(stream: &UnixStream) -> Result<(), ()> {
    loop {
        stream.readable().await.map_err(drop)?;
        match stream.try_read(&mut [0; 64]) {
            Ok(1..) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            _ => return Err(()),
        }
    }
}

/// A worker that does not listen is killed at its deadline.
fn say(stream: &UnixStream, word: u8) {
    let _ = stream.try_write(&[word]);
}

/// The child is not waited for yet, so its id is still its own.
fn signal(pid: Option<u32>, signal: Signal) {
    let pid = pid
        .and_then(|pid| i32::try_from(pid).ok())
        .and_then(Pid::from_raw);
    if let Some(pid) = pid
        && let Err(error) = kill_process(pid, signal)
    {
        tracing::debug!(%error, "cannot signal a worker");
    }
}
