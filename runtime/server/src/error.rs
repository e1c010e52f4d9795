//! What starting a server fails with.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::endpoint::Passed;
use crate::tls::TlsError;

/// Why a server does not listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The host's name is not known.
    #[error("cannot find the address to listen on")]
    Resolve(#[source] io::Error),
    /// The host's name has no address, or no endpoint was given at all.
    #[error("there is no address to listen on")]
    NoAddress,
    /// The address is taken, not ours, or not allowed.
    #[error("cannot listen on {address}: {}", reason(.error))]
    Listen {
        /// The first address that was tried.
        address: SocketAddr,
        /// What the system said; the text above has it in plain words.
        error: io::Error,
    },
    /// The UNIX socket's file cannot be made.
    #[error("cannot listen on {}: {}", .path.display(), file_reason(.error))]
    Unix {
        /// Where it was to be.
        path: PathBuf,
        /// What the system said; the text above has it in plain words.
        error: io::Error,
    },
    /// The inherited descriptor is not open, or no socket that can listen.
    #[error("cannot listen on descriptor {fd}: {reason}")]
    Descriptor {
        /// Its number.
        fd: i32,
        /// What is wrong with it.
        reason: String,
    },
    /// systemd passed no such descriptor.
    #[error("systemd passed no descriptor {} (of {count})", .passed)]
    Activation {
        /// The one that was asked for.
        passed: Passed,
        /// How many there are; 0 also where LISTEN_PID names another process.
        count: usize,
    },
    /// The certificates of a TLS endpoint cannot be used.
    #[error("cannot speak TLS: {0}")]
    Tls(#[from] TlsError),
    /// A TLS endpoint within another one.
    #[error("cannot speak TLS within TLS: an endpoint takes one certificate")]
    TlsTwice,
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

fn file_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another process listens there".to_owned(),
        io::ErrorKind::AlreadyExists => "there is a file that is no socket".to_owned(),
        io::ErrorKind::NotFound => "its directory does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
