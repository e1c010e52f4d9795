//! Listening sockets that somebody else opened: `--fd`, systemd's socket activation.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use filedescriptor::FileDescriptor;
use socket2::{Domain, Socket, Type};
use tokio::net::{TcpListener, UnixListener};

use super::Listener;
use crate::error::BindError;

/// Accepts from the socket of descriptor `fd`, which stays open itself: the socket is duplicated,
/// so whoever passed it keeps it, and what connects after our end waits for the next server.
pub(super) fn listen(fd: i32, backlog: i32) -> Result<Listener, BindError> {
    let broken = |reason: String| BindError::Descriptor { fd, reason };
    let socket = duplicate(fd).map_err(broken)?;
    adopt(socket, backlog).map_err(|error| broken(error.to_string()))
}

fn duplicate(fd: i32) -> Result<Socket, String> {
    let closed = |_| "it is not open; pass it on to this process".to_owned();
    let file: File = FileDescriptor::dup(&fd)
        .and_then(|descriptor| descriptor.as_file())
        .map_err(closed)?;
    let socket = Socket::from(OwnedFd::from(file));
    match socket.r#type() {
        Ok(Type::STREAM) => Ok(socket),
        Ok(_) => Err("it is a socket, but not of a stream".to_owned()),
        Err(_) => Err("it is no socket".to_owned()),
    }
}

fn adopt(socket: Socket, backlog: i32) -> io::Result<Listener> {
    if socket.peer_addr().is_ok() {
        return Err(io::Error::other("it is a connection, and does not listen"));
    }
    if !socket.is_listener()? {
        socket.listen(backlog)?;
    }
    socket.set_nonblocking(true)?;
    match socket.domain()? {
        Domain::UNIX => Listener::unix(UnixListener::from_std(socket.into())?, None),
        Domain::IPV4 | Domain::IPV6 => Listener::tcp(TcpListener::from_std(socket.into())?),
        _ => Err(io::Error::other("it is neither a TCP nor a UNIX socket")),
    }
}
