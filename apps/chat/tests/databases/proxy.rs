//! A network between the chat and PostgreSQL that loses things when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Connections at a time; the chat has four.
const CONNECTIONS: usize = 16;

/// What the network does.
#[derive(Debug)]
struct Weather {
    /// Whether bytes pass.
    passes: watch::Sender<bool>,
    /// The connection of the next commit ends once the server has answered it, and the answer is lost.
    loses_commit: AtomicBool,
    lost: AtomicUsize,
}

/// The network; it ends with its owner.
pub(crate) struct Proxy {
    port: u16,
    weather: Arc<Weather>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub(crate) async fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let weather = Arc::new(Weather {
            passes: watch::Sender::new(true),
            loses_commit: AtomicBool::new(false),
            lost: AtomicUsize::new(0),
        });
        let task = tokio::spawn(run(listener, server, Arc::clone(&weather)));
        Self { port, weather, task }
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://laureola@127.0.0.1:{}/postgres", self.port)
    }

    /// Lets bytes pass, or holds them back and the connections open.
    pub(crate) fn pass(&self, passes: bool) {
        self.weather.passes.send_replace(passes);
    }

    /// Loses the answer to the next commit.
    pub(crate) fn lose_commit(&self) {
        self.weather.loses_commit.store(true, Ordering::SeqCst);
    }

    /// Answers that were lost.
    pub(crate) fn lost(&self) -> usize {
        self.weather.lost.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(listener: TcpListener, server: u16, weather: Arc<Weather>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else {
            return;
        };
        while connections.try_join_next().is_some() {}
        assert!(connections.len() < CONNECTIONS, "too many connections");
        let weather = Arc::clone(&weather);
        connections.spawn(async move {
            let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else {
                return;
            };
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let cut = AtomicBool::new(false);
            tokio::select! {
                () = there(from_client, to_server, &weather, &cut) => {}
                () = back(from_server, to_client, &weather, &cut) => {}
            }
        });
    }
}

/// What the chat says.
async fn there(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, weather: &Weather, cut: &AtomicBool) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        let said = &buffer[..read];
        if said.windows(6).any(|word| word == b"COMMIT") && weather.loses_commit.swap(false, Ordering::SeqCst)
        {
            cut.store(true, Ordering::SeqCst);
        }
        let _ = weather.passes.subscribe().wait_for(|passes| *passes).await;
        if to.write_all(said).await.is_err() {
            return;
        }
    }
}

/// What PostgreSQL answers.
async fn back(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, weather: &Weather, cut: &AtomicBool) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let Ok(read @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        if cut.load(Ordering::SeqCst) {
            weather.lost.fetch_add(1, Ordering::SeqCst);
            return;
        }
        let _ = weather.passes.subscribe().wait_for(|passes| *passes).await;
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
