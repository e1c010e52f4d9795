//! Listening sockets: they yield accepted streams with their two ends.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use laureola_asgi::Address;
use laureola_asgi::scope::Ends;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tracing::{debug, warn};

use crate::stream::Stream;

/// Connections that may wait for us: room for a burst of reconnecting clients. The kernel takes
/// less where its own limit is lower.
const BACKLOG: i32 = 4096;

/// Pauses after an error that is not one connection's own, such as too many open files.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A connection, ready to be served.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) stream: Stream,
    pub(crate) ends: Ends,
}

/// One listening TCP socket.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    /// Our end of every connection, where it is the same for all.
    end: Option<Address>,
}

impl Listener {
    /// Listens on `address`; port 0 takes a free one.
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // A server that starts again must not wait for its old connections to fade.
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let socket = TcpListener::from_std(socket.into())?;
        let address = socket.local_addr()?;
        Ok(Self {
            socket,
            address,
            end: (!address.ip().is_unspecified()).then(|| address.into()),
        })
    }

    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The next connection. Errors never end the listener: one connection's own are passed over,
    /// after others it pauses.
    pub(crate) async fn accept(&self) -> Accepted {
        let mut pause = SHORTEST_PAUSE;
        loop {
            match self.socket.accept().await {
                Ok((stream, client)) => return self.accepted(stream, client),
                Err(error) if is_of_one_connection(&error) => debug!(%error, "a client left in the queue"),
                Err(error) => {
                    warn!("cannot accept a connection, trying again: {error}");
                    sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    fn accepted(&self, stream: TcpStream, client: SocketAddr) -> Accepted {
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
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}
