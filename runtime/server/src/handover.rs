//! Listening addresses for several processes that serve them together.
//!
//! A parent [`reserve`]s each address before it starts any of them: errors are its own, a free port
//! is the same for all, and a UNIX socket has one file. The processes then open the same endpoints,
//! changed by what the parent hands over ([`Endpoint::take_over`]), with
//! [`Builder::reuse_port`](crate::Builder::reuse_port).

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::str::FromStr;

use rustix::io::{FdFlags, fcntl_setfd};
use socket2::{Domain, Protocol, Socket, Type};

use crate::endpoint::Endpoint;
use crate::error::BindError;
use crate::listener::{Listener, unix};

/// How an endpoint differs for a process of several. As text: `same`, `port=8000`, `fd=5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Handover {
    /// Not at all: a descriptor that the processes inherit anyway.
    Same,
    /// It is this TCP port; all listen at it (`SO_REUSEPORT`).
    Port(u16),
    /// It is this descriptor, which all inherit.
    Descriptor(i32),
}

/// An address that is held until this is dropped, without being served.
#[derive(Debug)]
pub struct Reservation {
    handover: Handover,
    #[expect(dead_code, reason = "held until it is dropped")]
    held: Held,
}

#[derive(Debug)]
#[expect(dead_code, reason = "held until they are dropped")]
enum Held {
    Nothing,
    /// Bound, not listening: it keeps the port from everybody else.
    Tcp(Socket),
    /// Listening: every process accepts from it.
    Unix(Listener),
}

impl Reservation {
    /// What to tell the processes.
    #[must_use]
    pub fn handover(&self) -> Handover {
        self.handover
    }
}

/// Reserves where `endpoint` listens. Within a runtime. `backlog` is for UNIX sockets that do not say.
///
/// # Errors
/// The same as those of opening it.
pub async fn reserve(endpoint: &Endpoint, backlog: u32) -> Result<Reservation, BindError> {
    match innermost(endpoint) {
        Endpoint::Tcp { host, port, .. } => {
            let (port, socket) = tcp(host, *port).await?;
            Ok(Reservation {
                handover: Handover::Port(port),
                held: Held::Tcp(socket),
            })
        }
        Endpoint::Unix {
            path,
            mode,
            backlog: own,
        } => {
            let backlog = i32::try_from(own.unwrap_or(backlog)).unwrap_or(i32::MAX);
            let bound = unix::bind(path, *mode, backlog).and_then(|listener| {
                let fd = inherit(&listener)?;
                Ok((fd, listener))
            });
            let (fd, listener) = bound.map_err(|error| BindError::Unix {
                path: path.clone(),
                error,
            })?;
            Ok(Reservation {
                handover: Handover::Descriptor(fd),
                held: Held::Unix(listener),
            })
        }
        _ => Ok(Reservation {
            handover: Handover::Same,
            held: Held::Nothing,
        }),
    }
}

/// What processes started from now on inherit.
fn inherit(listener: &Listener) -> io::Result<i32> {
    let fd = listener.as_fd();
    fcntl_setfd(fd, FdFlags::empty())?;
    Ok(fd.as_raw_fd())
}

async fn tcp(host: &str, port: u16) -> Result<(u16, Socket), BindError> {
    let addresses = tokio::net::lookup_host((host, port)).await;
    let mut failed = None;
    for address in addresses.map_err(BindError::Resolve)? {
        match hold(address) {
            Ok(socket) => return Ok(socket),
            Err(error) => failed = failed.or_else(|| Some(BindError::listen(address, error))),
        }
    }
    Err(failed.unwrap_or(BindError::NoAddress))
}

fn hold(address: SocketAddr) -> io::Result<(u16, Socket)> {
    // Once for ourselves: sharing a port with a stranger, or with our own servers of before, would
    // be no error, and cost half of the connections.
    drop(bound(address, true, false)?);
    // Two sockets that may both reuse an address are no conflict as long as neither listens, and this one
    // never does: without that permission it is seen by the next one who asks as above. It is needed
    // only where connections of a server before us are still in TIME_WAIT.
    let socket = bound(address, false, true).or_else(|_| bound(address, true, true))?;
    let address = socket.local_addr()?.as_socket();
    let port = address.ok_or(io::ErrorKind::InvalidInput)?.port();
    Ok((port, socket))
}

fn bound(address: SocketAddr, reuse_address: bool, reuse_port: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(reuse_address)?;
    socket.set_reuse_port(reuse_port)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn innermost(endpoint: &Endpoint) -> &Endpoint {
    match endpoint {
        Endpoint::Tls { inner, .. } | Endpoint::ProxyProtocol { inner } => innermost(inner),
        endpoint => endpoint,
    }
}

impl Endpoint {
    /// Changes where the endpoint listens to what a parent hands over; TLS and the PROXY protocol
    /// around it stay.
    pub fn take_over(&mut self, handover: &Handover) {
        match self {
            Self::Tls { inner, .. } | Self::ProxyProtocol { inner } => inner.take_over(handover),
            endpoint => match *handover {
                Handover::Same => {}
                Handover::Port(taken) => {
                    if let Self::Tcp { port, .. } = endpoint {
                        *port = taken;
                    }
                }
                Handover::Descriptor(fd) => *endpoint = Self::Fd(fd),
            },
        }
    }
}

impl fmt::Display for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("same"),
            Self::Port(port) => write!(f, "port={port}"),
            Self::Descriptor(fd) => write!(f, "fd={fd}"),
        }
    }
}

impl FromStr for Handover {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "expected same, port=NUMBER or fd=NUMBER";
        match text.split_once('=') {
            None if text == "same" => Ok(Self::Same),
            Some(("port", port)) => port.parse().map(Self::Port).map_err(|_| wrong),
            Some(("fd", fd)) => fd.parse().map(Self::Descriptor).map_err(|_| wrong),
            _ => Err(wrong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::TlsConfig;

    #[test]
    fn a_handover_survives_being_text_and_goes_to_the_heart_of_an_endpoint() {
        for handover in [Handover::Same, Handover::Port(8000), Handover::Descriptor(5)] {
            assert_eq!(handover.to_string().parse(), Ok(handover));
        }
        for bad in ["", "port", "port=x", "port=70000", "fd=", "tcp=1"] {
            assert!(bad.parse::<Handover>().is_err(), "{bad}");
        }
        let wrap = |endpoint: Endpoint| endpoint.tls(TlsConfig::new("c", "k")).behind_proxy();
        let mut endpoint = wrap(Endpoint::tcp("::1", 0));
        endpoint.take_over(&Handover::Port(7));
        assert_eq!(endpoint, wrap(Endpoint::tcp("::1", 7)));
        let mut endpoint = wrap(Endpoint::unix("/a"));
        endpoint.take_over(&Handover::Descriptor(9));
        assert_eq!(endpoint, wrap(Endpoint::Fd(9)));
    }

    #[tokio::test]
    async fn a_reserved_port_is_real_and_taken_ones_are_refused() {
        let reserved = reserve(&Endpoint::tcp("127.0.0.1", 0), 1).await.unwrap();
        let Handover::Port(port) = reserved.handover() else {
            panic!("{:?}", reserved.handover());
        };
        assert_ne!(port, 0);
        let again = reserve(&Endpoint::tcp("127.0.0.1", port), 1).await;
        let error = again.expect_err("it is ours already").to_string();
        assert!(error.contains("address already in use"), "{error}");
        drop(reserved);
        reserve(&Endpoint::tcp("127.0.0.1", port), 1).await.unwrap();
    }
}
