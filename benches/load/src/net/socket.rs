//! A TCP connection that is opened without waiting.

use std::io;
use std::net::{IpAddr, SocketAddr};

use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

/// How a connection is opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening {
    /// To where.
    pub(super) to: SocketAddr,
    /// From which address of this machine; the kernel's choice if `None`.
    pub(super) from: Option<IpAddr>,
    /// The kernel's receive buffer in bytes; its choice if `None`.
    pub(super) receive_buffer: Option<usize>,
}

impl Opening {
    /// Begins. The stream can be written to once it is open, or has failed to.
    ///
    /// # Errors
    /// What the kernel says, such as that no port is left.
    pub(super) fn begin(self) -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::for_address(self.to), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if let Some(bytes) = self.receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        if let Some(from) = self.from {
            socket.bind(&SocketAddr::new(from, 0).into())?;
        }
        match socket.connect(&self.to.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
            Err(error) => return Err(error),
        }
        Ok(TcpStream::from_std(socket.into()))
    }
}

/// Whether `stream` is open by now: `Ok(false)` while it is not.
///
/// # Errors
/// Why it will never be.
pub(super) fn is_open(stream: &TcpStream) -> io::Result<bool> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
        Err(error) => Err(error),
    }
}
