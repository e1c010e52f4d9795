//! An endpoint becomes a listening socket.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, ToSocketAddrs};

use super::{Listener, Via, inherited, unix};
use crate::activation::Activation;
use crate::endpoint::Endpoint;
use crate::error::BindError;
use crate::tls;

/// How sockets are opened, where the endpoint does not say.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    pub(crate) backlog: u32,
    pub(crate) reuse_port: bool,
    pub(crate) http2: bool,
    pub(crate) activation: Activation,
}

impl Default for Opening {
    fn default() -> Self {
        Self {
            // Room for a burst of reconnecting clients. The kernel takes less where its own limit
            // is lower.
            backlog: 4096,
            reuse_port: false,
            http2: true,
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
    let mut via = Via::default();
    let mut endpoint = endpoint;
    let listener = loop {
        endpoint = match endpoint {
            Endpoint::ProxyProtocol { inner } => {
                via.proxy = true;
                inner
            }
            Endpoint::Tls { inner, config } => {
                if via.tls.is_some() {
                    return Err(BindError::TlsTwice);
                }
                let acceptor = tls::Acceptor::new(config.as_ref().clone(), opening.http2)?;
                via.tls = Some(Arc::new(acceptor));
                inner
            }
            Endpoint::Tcp { host, port, backlog } => {
                let backlog = opening.backlog(*backlog);
                break first((host.as_str(), *port), backlog, opening.reuse_port).await;
            }
            Endpoint::Unix { path, mode, backlog } => {
                let bound = unix::bind(path, *mode, opening.backlog(*backlog));
                let path = path.clone();
                break bound.map_err(|error| BindError::Unix { path, error });
            }
            Endpoint::Fd(fd) => break inherited::listen(*fd, opening.backlog(None)),
            Endpoint::Systemd(passed) => {
                let fd = opening.activation.descriptor(passed);
                let fd = fd.ok_or_else(|| BindError::Activation {
                    passed: passed.clone(),
                    count: opening.activation.len(),
                })?;
                break inherited::listen(fd, opening.backlog(None));
            }
        };
    };
    let mut listener = listener?;
    listener.via = Arc::new(via);
    Ok(listener)
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
