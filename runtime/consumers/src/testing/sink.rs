//! What a communicator puts behind the application's sender: the server's state machine, small.

use std::task::{Context, Poll};

use laureola_asgi::send::CommandSink;
use laureola_asgi::{Command, TrySendError};
use parking_lot::Mutex;
use tokio::sync::mpsc;

/// So many commands wait for the test before the application's `send` waits.
pub(super) const CAPACITY: usize = 1_000;

pub(super) struct TestSink {
    commands: mpsc::Sender<Command>,
    stage: Mutex<Stage>,
    /// The client's subprotocols.
    offers: Box<[Box<str>]>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting,
    Open,
    Closed,
}

impl TestSink {
    pub(super) fn new(offers: Box<[Box<str>]>) -> (Self, mpsc::Receiver<Command>) {
        let (commands, received) = mpsc::channel(CAPACITY);
        (
            Self {
                commands,
                stage: Mutex::new(Stage::Connecting),
                offers,
            },
            received,
        )
    }
}

impl CommandSink for TestSink {
    fn try_send(&self, command: Command) -> Result<(), TrySendError> {
        let mut stage = self.stage.lock();
        let next = match (&command, *stage) {
            (_, Stage::Closed) => return Err(TrySendError::disconnected()),
            (
                Command::WebSocketAccept {
                    subprotocol: Some(name),
                    ..
                },
                Stage::Connecting,
            ) if !self.offers.contains(name) => {
                let text = format!("the client did not offer the subprotocol {name:?}");
                return Err(TrySendError::protocol(text));
            }
            (Command::WebSocketAccept { .. }, Stage::Connecting)
            | (Command::WebSocketSend(_), Stage::Open) => Stage::Open,
            (Command::WebSocketDeny(_), Stage::Connecting) | (Command::WebSocketClose { .. }, _) => {
                Stage::Closed
            }
            (command, _) => {
                let text = format!("{} is out of turn", command.message_type());
                return Err(TrySendError::protocol(text));
            }
        };
        match self.commands.try_send(command) {
            Ok(()) => {
                *stage = next;
                Ok(())
            }
            Err(mpsc::error::TrySendError::Full(command)) => Err(TrySendError::Full(Box::new(command))),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(TrySendError::disconnected()),
        }
    }

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.commands.is_closed() || self.commands.capacity() > 0 {
            return Poll::Ready(());
        }
        // A test that leaves a thousand messages unread is about to read them: look again soon.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
