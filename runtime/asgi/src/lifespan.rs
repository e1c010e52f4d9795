//! A server's life, as a state machine without I/O (ASGI Lifespan 2.0).
//!
//! [`open`] makes the [`Connection`] an application is called with, once per server, and the
//! [`Lifespan`] through which the server follows it: it waits for [`Lifespan::started`] before it
//! serves, and asks for the end with [`Lifespan::stop`] after its last connection.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use laureola_message::Str;
use parking_lot::Mutex;

use crate::application::Connection;
use crate::error::AppError;
use crate::event::{Command, Event};
use crate::receive::{EventSource, Receiver};
use crate::scope::{LifespanScope, Scope};
use crate::send::{CommandSink, Sender, TrySendError};
use crate::state::SharedState;

/// What an application made of its startup.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Started {
    /// `lifespan.startup.complete`.
    Complete,
    /// `lifespan.startup.failed`, with the application's words.
    Failed(Str),
    /// It returned, or failed, without a word. Applications without a lifespan do.
    Unanswered,
}

/// What an application made of its shutdown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stopped {
    /// `lifespan.shutdown.complete`.
    Complete,
    /// `lifespan.shutdown.failed`, with the application's words.
    Failed(Str),
    /// It returned, or failed, without a word.
    Unanswered,
}

/// Opens the lifespan of a server. The application fills `state`.
#[must_use]
pub fn open(state: SharedState) -> (Connection, Lifespan) {
    let life = Arc::new(Life::default());
    let scope = LifespanScope {
        state,
        ..LifespanScope::default()
    };
    let connection = Connection {
        scope: Scope::Lifespan(Box::new(scope)),
        receive: Receiver::new(Events {
            life: Arc::clone(&life),
            given: 0,
        }),
        send: Sender::from_arc(Arc::clone(&life) as _),
    };
    (connection, Lifespan(life))
}

/// The server's side. Clones share it.
#[derive(Clone, Debug)]
pub struct Lifespan(Arc<Life>);

impl Lifespan {
    /// Waits for the application's startup; without a deadline, which is the server's to set.
    pub async fn started(&self) -> Started {
        poll_fn(|cx| {
            let mut state = self.0.0.lock();
            let started = state.started.clone();
            let unanswered = state.ended.then_some(Started::Unanswered);
            state.answer(cx, started.or(unanswered))
        })
        .await
    }

    /// Sends `lifespan.shutdown` and waits for its answer; without a deadline.
    pub async fn stop(&self) -> Stopped {
        self.0.tell(|state| state.stopping = true);
        poll_fn(|cx| {
            let mut state = self.0.0.lock();
            let stopped = state.stopped.clone();
            let unanswered = state.ended.then_some(Stopped::Unanswered);
            state.answer(cx, stopped.or(unanswered))
        })
        .await
    }

    /// The application's future ended.
    pub fn application_ended(&self) {
        self.0.tell(|state| state.ended = true);
    }
}

#[derive(Default)]
struct Life(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    started: Option<Started>,
    stopping: bool,
    stopped: Option<Stopped>,
    ended: bool,
    server: Option<Waker>,
    receiver: Option<Waker>,
}

impl State {
    fn answer<T>(&mut self, cx: &mut Context<'_>, answer: Option<T>) -> Poll<T> {
        answer.map_or_else(
            || {
                self.server = Some(cx.waker().clone());
                Poll::Pending
            },
            Poll::Ready,
        )
    }

    fn take(&mut self, command: Command) -> Result<(), TrySendError> {
        let what = command.message_type();
        match command {
            Command::LifespanStartupComplete | Command::LifespanStartupFailed { .. }
                if self.started.is_some() =>
            {
                return Err(TrySendError::protocol(format!(
                    "the startup was answered before it got {what}"
                )));
            }
            Command::LifespanShutdownComplete | Command::LifespanShutdownFailed { .. }
                if !self.stopping || self.stopped.is_some() =>
            {
                return Err(TrySendError::protocol(format!(
                    "no lifespan.shutdown waits for {what}"
                )));
            }
            Command::LifespanStartupComplete => self.started = Some(Started::Complete),
            Command::LifespanStartupFailed { message } => self.started = Some(Started::Failed(message)),
            Command::LifespanShutdownComplete => self.stopped = Some(Stopped::Complete),
            Command::LifespanShutdownFailed { message } => self.stopped = Some(Stopped::Failed(message)),
            other => return Err(TrySendError::unexpected(&other)),
        }
        Ok(())
    }
}

impl Life {
    fn tell(&self, change: impl FnOnce(&mut State)) {
        let wakers = {
            let mut state = self.0.lock();
            change(&mut state);
            [state.server.take(), state.receiver.take()]
        };
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

impl CommandSink for Life {
    fn try_send(&self, command: Command) -> Result<(), TrySendError> {
        let mut taken = Ok(());
        self.tell(|state| taken = state.take(command));
        taken
    }

    fn poll_ready(&self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.lock().fmt(f)
    }
}

/// Two events, and then none for ever.
struct Events {
    life: Arc<Life>,
    given: u8,
}

impl EventSource for Events {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if self.given == 0 {
            self.given = 1;
            return Poll::Ready(Event::LifespanStartup);
        }
        let mut state = self.life.0.lock();
        if state.stopping && self.given == 1 {
            self.given = 2;
            return Poll::Ready(Event::LifespanShutdown);
        }
        state.receiver = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// An application without a lifespan of its own agrees to everything.
pub(crate) async fn agree(mut connection: Connection) -> Result<(), AppError> {
    loop {
        match connection.receive.next().await {
            Event::LifespanStartup => connection.send.send(Command::LifespanStartupComplete).await?,
            Event::LifespanShutdown => {
                return Ok(connection.send.send(Command::LifespanShutdownComplete).await?);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
