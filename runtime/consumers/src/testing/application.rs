//! An application of any protocol, event by event.

use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use laureola_asgi::queue::{EventSender, event_queue};
use laureola_asgi::send::CommandSink;
use laureola_asgi::{Application, Command, Connection, Event, Receiver, Scope, Sender, TrySendError};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::error::CommunicatorError;
use super::running::Running;
use super::sink::CAPACITY;

/// Gives an application events and takes its commands, whatever the protocol (asgiref and Channels:
/// `ApplicationCommunicator`). What it sends is not checked against the protocol's rules; the other communicators do.
/// The application runs in a task of its own, which ends with the communicator. Waits one second at most.
///
/// ```
/// use laureola_asgi::{Command, Event, LifespanScope, ProtocolTypeRouter, Scope};
/// use laureola_consumers::testing::ApplicationCommunicator;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let scope = Scope::Lifespan(Box::new(LifespanScope::default()));
/// let mut server = ApplicationCommunicator::new(ProtocolTypeRouter::new(), scope);
/// server.send_input(Event::LifespanStartup).await?;
/// assert!(matches!(server.receive_output().await?, Command::LifespanStartupComplete));
/// server.send_input(Event::LifespanShutdown).await?;
/// assert!(matches!(server.receive_output().await?, Command::LifespanShutdownComplete));
/// server.wait().await?;
/// # Ok::<_, Box<dyn std::error::Error>>(()) })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct ApplicationCommunicator {
    events: EventSender,
    commands: mpsc::Receiver<Command>,
    application: Running,
    timeout: Duration,
}

impl ApplicationCommunicator {
    /// Calls `application` with `scope`.
    pub fn new(application: impl Application, scope: Scope) -> Self {
        let (events, receiver) = event_queue(CAPACITY);
        let (sender, commands) = mpsc::channel(CAPACITY);
        let connection = Connection {
            scope,
            receive: Receiver::new(receiver),
            send: Sender::new(Everything(sender)),
        };
        Self {
            events,
            commands,
            application: Running::spawn(application, connection),
            timeout: Duration::from_secs(1),
        }
    }

    /// How long each call waits at most; default one second.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Gives the application an event.
    ///
    /// # Errors
    /// It has ended, or 1,000 events wait for it already.
    pub async fn send_input(&mut self, event: Event) -> Result<(), CommunicatorError> {
        match timeout(self.timeout, self.events.send(event)).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.application.failure(self.timeout).await),
            Err(_) => Err(CommunicatorError::Timeout {
                expected: "it to take an event",
                waited: self.timeout,
            }),
        }
    }

    /// The application's next command.
    ///
    /// # Errors
    /// None came in time, or the application has ended.
    pub async fn receive_output(&mut self) -> Result<Command, CommunicatorError> {
        match timeout(self.timeout, self.commands.recv()).await {
            Ok(Some(command)) => Ok(command),
            Ok(None) => Err(self.application.failure(self.timeout).await),
            Err(_) => Err(CommunicatorError::Timeout {
                expected: "any command",
                waited: self.timeout,
            }),
        }
    }

    /// Whether the application sends nothing for `quiet`.
    pub async fn receive_nothing(&mut self, quiet: Duration) -> bool {
        !matches!(timeout(quiet, self.commands.recv()).await, Ok(Some(_)))
    }

    /// Waits for the application's end.
    ///
    /// # Errors
    /// What it failed with, or that it does not end.
    pub async fn wait(mut self) -> Result<(), CommunicatorError> {
        self.application.ended(self.timeout).await
    }
}

impl fmt::Debug for ApplicationCommunicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplicationCommunicator")
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Takes every command.
struct Everything(mpsc::Sender<Command>);

impl CommandSink for Everything {
    fn try_send(&self, command: Command) -> Result<(), TrySendError> {
        self.0.try_send(command).map_err(|error| match error {
            mpsc::error::TrySendError::Full(command) => TrySendError::Full(Box::new(command)),
            mpsc::error::TrySendError::Closed(_) => TrySendError::disconnected(),
        })
    }

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.0.is_closed() || self.0.capacity() > 0 {
            return Poll::Ready(());
        }
        // A test that leaves a thousand commands unread is about to read them: look again soon.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
