//! What starting a server fails with.

use std::io;
use std::net::SocketAddr;

/// Why a server does not listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The host's name is not known.
    #[error("cannot find the address to listen on")]
    Resolve(#[source] io::Error),
    /// The host's name has no address.
    #[error("cannot find the address to listen on: the name has none")]
    NoAddress,
    /// The address is taken, not ours, or not allowed.
    #[error("cannot listen on {address}: {}", reason(.error))]
    Listen {
        /// The first address that was tried.
        address: SocketAddr,
        /// What the system said; the text above has it in plain words.
        error: io::Error,
    },
}

impl BindError {
    pub(crate) fn listen(address: SocketAddr, error: io::Error) -> Self {
        Self::Listen { address, error }
    }
}

/// In plain words, for those that happen every day.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "address already in use".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine does not have that address".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied (ports below 1024 need root)".to_owned(),
        _ => error.to_string(),
    }
}
