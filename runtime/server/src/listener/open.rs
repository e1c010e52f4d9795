//! An endpoint becomes a listening socket.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, ToSocketAddrs};

use super::{Listener, inherited, unix};
use crate::activation::Activation;
use crate::endpoint::Endpoint;
use crate::error::BindError;

/// How sockets are opened, where the endpoint does not say.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) backlog: u32,
    pub(crate) reuse_port: bool,
    pub(crate) activation: Activation,
}

impl Default for Opening {
    fn default() -> Self {
        Self {
            // Room for a burst of reconnecting clients. The kernel takes less where its own limit
            // is lower.
            backlog: 4096,
            reuse_port: false,
            activation: Activation::default(),
        }
    }
}

impl Opening {
    fn backlog(&self, own: Option<u32>) -> i32 {
        i32::try_from(own.unwrap_or(self.backlog)).unwrap_or(i32::MAX)
    }
}

/// Listens at `endpoint`.
pub(crate) async fn open(endpoint: &Endpoint, opening: &Opening) -> Result<Listener, BindError> {
    match endpoint {
        Endpoint::Tcp { host, port, backlog } => {
            let backlog = opening.backlog(*backlog);
            first((host.as_str(), *port), backlog, opening.reuse_port).await
        }
        Endpoint::Unix { path, mode, backlog } => {
            unix::bind(path, *mode, opening.backlog(*backlog)).map_err(|error| BindError::Unix {
                path: path.clone(),
                error,
            })
        }
        Endpoint::Fd(fd) => inherited::listen(*fd, opening.backlog(None)),
        Endpoint::Systemd(passed) => {
            let fd = opening.activation.descriptor(passed);
            let fd = fd.ok_or_else(|| BindError::Activation {
                passed: passed.clone(),
                count: opening.activation.len(),
            })?;
            inherited::listen(fd, opening.backlog(None))
        }
    }
}

/// Listens on the first of the addresses of `host` that can be had.
pub(crate) async fn bind(host: impl ToSocketAddrs, opening: &Opening) -> Result<Listener, BindError> {
    first(host, opening.backlog(None), opening.reuse_port).await
}

async fn first(host: impl ToSocketAddrs, backlog: i32, reuse_port: bool) -> Result<Listener, BindError> {
    let addresses = tokio::net::lookup_host(host).await.map_err(BindError::Resolve)?;
    let mut failed = None;
    for address in addresses {
        match tcp(address, backlog, reuse_port) {
            Ok(listener) => return Ok(listener),
            Err(error) => failed = failed.or_else(|| Some(BindError::listen(address, error))),
        }
    }
    Err(failed.unwrap_or(BindError::NoAddress))
}

fn tcp(address: SocketAddr, backlog: i32, reuse_port: bool) -> io::Result<Listener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A server that starts again must not wait for its old connections to fade.
    socket.set_reuse_address(true)?;
    if reuse_port {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(backlog)?;
    Listener::tcp(TcpListener::from_std(socket.into())?)
}
