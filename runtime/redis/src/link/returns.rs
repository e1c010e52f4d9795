//! Who wants to know that the connection was lost, and came back.

use tokio::sync::watch;

use super::State;

/// What [`Link::returns`](super::Link::returns) gives.
#[derive(Debug)]
pub(crate) struct Returns {
    state: watch::Receiver<State>,
    /// The `run_id` behind the last connection we told of.
    server: Option<String>,
    /// The number of that connection.
    number: Option<u64>,
    away: bool,
}

/// What became of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It was lost.
    Lost,
    /// There is another.
    Back(Server),
}

/// Where a new connection leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    /// To the server that was there before.
    Same,
    /// To another one, or nobody can tell.
    Other,
}

impl Returns {
    pub(super) fn new(mut state: watch::Receiver<State>) -> Self {
        let (server, number) = match &*state.borrow_and_update() {
            State::Up(up) => (up.run_id.clone(), Some(up.number)),
            State::Away(_) => (None, None),
        };
        Self {
            away: number.is_none(),
            state,
            server,
            number,
        }
    }

    /// Waits until the connection is lost or back, and then tells whether it leads to the same run
    /// of the same server: one that was started anew may have forgotten everything. The two come
    /// in turn: also a short outage that nobody looked at in the meantime is told as both.
    pub(crate) async fn change(&mut self) -> Change {
        loop {
            match &*self.state.borrow_and_update() {
                State::Away(_) if !self.away => {
                    self.away = true;
                    return Change::Lost;
                }
                State::Up(up) if self.number != Some(up.number) => {
                    if !self.away {
                        self.away = true;
                        return Change::Lost;
                    }
                    let same = up.run_id.is_some() && up.run_id == self.server;
                    self.server.clone_from(&up.run_id);
                    (self.number, self.away) = (Some(up.number), false);
                    return Change::Back(if same { Server::Same } else { Server::Other });
                }
                _ => {}
            }
            if self.state.changed().await.is_err() {
                // The link is gone, and with it all connections.
                std::future::pending::<()>().await;
            }
        }
    }
}
