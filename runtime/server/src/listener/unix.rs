//! UNIX sockets and their files.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::UnixListener;
use tracing::info;

use super::Listener;

/// A socket's file, removed when dropped, unless another one took its place.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    id: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if id(&self.path).is_ok_and(|id| id == self.id) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn id(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Listens at `path`. The file of a server that is gone is replaced.
pub(crate) fn bind(path: &Path, mode: Option<u32>, backlog: i32) -> io::Result<Listener> {
    let address = SockAddr::unix(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    match socket.bind(&address) {
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            remove_stale(path, &address)?;
            socket.bind(&address)?;
        }
        bound => bound?,
    }
    let file = SocketFile {
        // The directory may be another one when the file is to go.
        path: std::path::absolute(path)?,
        id: id(path)?,
    };
    // Nobody can connect before it listens, so nobody can with other permissions than these.
    if let Some(mode) = mode {
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    socket.listen(backlog)?;
    socket.set_nonblocking(true)?;
    Listener::unix(UnixListener::from_std(socket.into())?, Some(file))
}

/// Removes the file of a socket that nobody listens at.
fn remove_stale(path: &Path, address: &SockAddr) -> io::Result<()> {
    let found = id(path)?;
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    // A server whose queue is full would keep us waiting.
    probe.set_nonblocking(true)?;
    match probe.connect(address) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused && id(path)? == found => {
            info!(path = %path.display(), "removing the socket of a server that is gone");
            fs::remove_file(path)
        }
        _ => Err(ErrorKind::AddrInUse.into()),
    }
}
