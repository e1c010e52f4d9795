//! The network between a browser and its server, which may fail.

use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

#[derive(Clone, Copy, PartialEq)]
enum State {
    Up,
    /// What the browser says arrives; what the server says waits.
    Deaf,
    Down,
}

/// A way to a server on this machine, by another port.
pub(crate) struct Network {
    pub(crate) port: u16,
    state: watch::Sender<State>,
    task: AbortHandle,
}

impl Network {
    pub(crate) async fn to(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let (state, states) = watch::channel(State::Up);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server, states.clone()));
            }
        });
        Self {
            port,
            state,
            task: task.abort_handle(),
        }
    }

    /// Whatever was on its way is lost, and every connection with it.
    pub(crate) fn fails(&self) {
        self.state.send_replace(State::Down);
    }

    /// The server hears the browser, but not the other way round.
    pub(crate) fn holds_answers(&self) {
        self.state.send_replace(State::Deaf);
    }

    pub(crate) fn works(&self) {
        self.state.send_replace(State::Up);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.state.send_replace(State::Down);
        self.task.abort();
    }
}

async fn carry(mut client: TcpStream, port: u16, mut states: watch::Receiver<State>) {
    if *states.borrow() == State::Down {
        return;
    }
    let Ok(mut server) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else {
        return;
    };
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let mut answers = states.clone();
    let back = async {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
            if answers.wait_for(|state| *state != State::Deaf).await.is_err()
                || to_client.write_all(&buffer[..length]).await.is_err()
            {
                break;
            }
        }
    };
    tokio::select! {
        biased;
        _ = states.wait_for(|state| *state == State::Down) => {}
        _ = copy(&mut from_client, &mut to_server) => {}
        () = back => {}
    }
}
