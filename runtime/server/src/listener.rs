//! Listening sockets: they yield accepted streams with their two ends.
//!
//! - [`open`]: an endpoint becomes a socket
//! - [`inherited`]: descriptors that somebody else opened
//! - [`unix`]: the files of UNIX sockets

mod inherited;
mod open;
pub(crate) mod unix;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use laureola_asgi::Address;
use laureola_asgi::scope::Ends;
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::time::{Instant, sleep};
use tracing::{debug, warn};

pub(crate) use open::{Opening, bind, open};
use unix::SocketFile;

use crate::endpoint::ListenAddr;
use crate::seldom::Seldom;
use crate::stream::Stream;
use crate::tls;

/// Pauses after an error that is not one connection's own, such as too many open files.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Accepting must have worked for so long before its next failure is a new one.
const SAME_OUTAGE: Duration = Duration::from_secs(10);

/// A connection, ready to be served.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) stream: Stream,
    pub(crate) ends: Ends,
    /// Whoever connected; `None` through a UNIX socket.
    pub(crate) peer: Option<IpAddr>,
    pub(crate) via: Arc<Via>,
}

/// What comes between a listener's sockets and HTTP.
#[derive(Debug, Default)]
pub(crate) struct Via {
    /// Whether connections begin with a PROXY header.
    pub(crate) proxy: bool,
    pub(crate) untrusted: Seldom,
    pub(crate) tls: Option<Arc<tls::Acceptor>>,
}

/// One listening socket.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: Socket,
    address: ListenAddr,
    /// Our end of every connection, where it is the same for all.
    end: Option<Address>,
    failed: Option<Instant>,
    pub(crate) via: Arc<Via>,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(
        UnixListener,
        #[expect(dead_code, reason = "removes the file when dropped")] Option<SocketFile>,
    ),
}

impl Listener {
    fn tcp(socket: TcpListener) -> io::Result<Self> {
        let address = socket.local_addr()?;
        Ok(Self {
            socket: Socket::Tcp(socket),
            address: ListenAddr::Tcp(address),
            end: (!address.ip().is_unspecified()).then(|| address.into()),
            failed: None,
            via: Arc::default(),
        })
    }

    fn unix(socket: UnixListener, file: Option<SocketFile>) -> io::Result<Self> {
        let path = socket.local_addr()?.as_pathname().map(Into::into);
        Ok(Self {
            socket: Socket::Unix(socket, file),
            address: ListenAddr::Unix(path.unwrap_or_default()),
            end: None,
            failed: None,
            via: Arc::default(),
        })
    }

    pub(crate) fn local_addr(&self) -> &ListenAddr {
        &self.address
    }

    /// The next connection. Errors never end the listener: one connection's own are passed over,
    /// after others it pauses, and says so once per outage.
    pub(crate) async fn accept(&mut self) -> Accepted {
        let mut pause = SHORTEST_PAUSE;
        loop {
            let accepted = match &self.socket {
                Socket::Tcp(socket) => socket
                    .accept()
                    .await
                    .map(|(stream, client)| self.of_tcp(stream, client)),
                Socket::Unix(socket, _) => socket.accept().await.map(|(stream, _)| Accepted {
                    stream: Stream::Unix(stream),
                    ends: Ends::default(),
                    peer: None,
                    via: Arc::clone(&self.via),
                }),
            };
            match accepted {
                Ok(accepted) => return accepted,
                Err(error) if is_of_one_connection(&error) => debug!(%error, "a client left in the queue"),
                Err(error) => {
                    self.log(&error);
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    fn log(&mut self, error: &io::Error) {
        let before = self.failed.replace(Instant::now());
        if before.is_none_or(|before| before.elapsed() > SAME_OUTAGE) {
            let address = &self.address;
            warn!(%address, "cannot accept connections, trying again until it works: {error}");
        }
    }

    fn of_tcp(&self, stream: TcpStream, client: SocketAddr) -> Accepted {
        // Without it a small frame would wait for the acknowledgement of the one before.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "cannot set TCP_NODELAY");
        }
        let server = self
            .end
            .clone()
            .or_else(|| stream.local_addr().ok().map(Address::from));
        Accepted {
            stream: Stream::Tcp(stream),
            ends: Ends {
                client: Some(client.into()),
                server,
                ..Ends::default()
            },
            peer: Some(client.ip().to_canonical()),
            via: Arc::clone(&self.via),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Tcp(socket) => socket.as_fd(),
            Socket::Unix(socket, _) => socket.as_fd(),
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
