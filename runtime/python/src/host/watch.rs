//! Watches the loop's thread: an application that blocks it is named, and does not keep the process.
//!
//! Only here does a thread of ours take the GIL, when something is wrong already.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, Builder, JoinHandle};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::bridge::Bridge;

/// How often the loop is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long the loop may take to notice that the server has ended.
const NOTICE: Duration = Duration::from_secs(5);
/// How long Python may take to say where it is: something may hold the GIL and never let go.
const ANSWER: Duration = Duration::from_secs(2);

/// Says in the log, once each time, where the application is when the loop does not come for what waits for longer
/// than a limit. Dropped, it ends.
pub(super) struct Watch {
    ends: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub(super) fn begin(bridge: Arc<Bridge>, limit: Duration) -> std::io::Result<Self> {
        let (ends, ended) = channel();
        let work = move || {
            let mut seen = (bridge.batches(), Instant::now());
            let mut said = false;
            while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                let batches = bridge.batches();
                if batches != seen.0 || !bridge.waits() {
                    seen = (batches, Instant::now());
                    said = false;
                } else if !said && seen.1.elapsed() >= limit {
                    said = true;
                    let stack = stack_of_the_loop();
                    tracing::error!("the application blocks the event loop for {limit:?} by now\n{stack}");
                }
            }
        };
        let thread = Builder::new().name("laureola-watch".to_owned()).spawn(work)?;
        Ok(Self {
            ends: Some(ends),
            thread: Some(thread),
        })
    }
}

impl Watch {
    /// Ends it. Not to be called attached to Python, for which it may wait.
    pub(super) fn end(mut self) {
        drop(self.ends.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Ends the process, with status 1, unless the sender's other half is dropped in time: the loop's thread does not
/// notice that the server has ended.
pub(super) fn end_unless(noticed: &std::sync::mpsc::Receiver<()>) {
    if noticed.recv_timeout(NOTICE) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let stack = stack_of_the_loop();
    tracing::error!("the application blocks the event loop; the process ends without it\n{stack}");
    std::process::exit(1);
}

/// Where the loop's thread is, as Python writes it.
fn stack_of_the_loop() -> String {
    let (says, said) = channel();
    // Left behind where Python does not answer; the process ends soon, or is stuck anyway.
    thread::spawn(move || {
        let stack = Python::attach(|py| -> PyResult<String> {
            py.import("laureola._stacks")?
                .call_method0("of_loop_thread")?
                .extract()
        });
        let _ = says.send(stack);
    });
    match said.recv_timeout(ANSWER) {
        Ok(Ok(stack)) => stack,
        Ok(Err(error)) => format!("(its stack is unknown: {error})"),
        Err(_) => "(its stack is unknown: it does not let go of the GIL)".to_owned(),
    }
}
