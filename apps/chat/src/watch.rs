//! One task that sees now and then whether the sessions of open sockets still count.

use std::sync::Arc;
use std::time::Duration;

use laureola::asgi::{Command, Sender};
use laureola_django::auth::Auth;
use laureola_django::session::Sessions;
use laureola_django::session::database::DatabaseStore;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::account::Ticket;

/// The close code of a socket whose session has ended.
pub(crate) const SESSION_ENDED: u16 = 4401;
/// Sockets that may wait for their turn; one more waits for its next message.
const CAPACITY: usize = 1024;
/// How long one look, or one client, may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The way to the task.
#[derive(Clone, Debug)]
pub(crate) struct Watch(mpsc::Sender<Check>);

#[derive(Debug)]
struct Check {
    cookie: Arc<str>,
    user: i64,
    sender: Sender,
}

impl Watch {
    /// Starts the task.
    pub(crate) fn start(auth: Auth, sessions: Sessions<DatabaseStore>) -> (Self, JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(CAPACITY);
        (Self(queue), tokio::spawn(run(auth, sessions, waiting)))
    }

    /// Has the session looked at, soon: if it is not `user`'s any more, `sender`'s socket is closed. Never waits.
    pub(crate) fn check(&self, ticket: &mut Ticket, user: i64, sender: Sender) {
        let cookie = ticket.cookie();
        if self.0.try_send(Check { cookie, user, sender }).is_ok() {
            ticket.renew();
        }
    }
}

async fn run(auth: Auth, sessions: Sessions<DatabaseStore>, mut waiting: mpsc::Receiver<Check>) {
    while let Some(Check { cookie, user, sender }) = waiting.recv().await {
        let look = timeout(PATIENCE, async {
            let mut session = sessions.load(Some(&cookie)).await.ok()?;
            auth.user(&mut session).await.ok()
        });
        // Without an answer the session counts, until the next look.
        let Ok(Some(found)) = look.await else { continue };
        if found.is_none_or(|found| found.id != user) {
            let close = Command::WebSocketClose {
                code: SESSION_ENDED,
                reason: "your session has ended; log in again".into(),
            };
            let _ = timeout(PATIENCE, sender.send(close)).await;
        }
    }
}
