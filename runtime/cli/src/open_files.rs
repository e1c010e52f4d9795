//! Every connection is an open file, and the usual limit is 1,024 of them.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises this process's limit of open files to what it may be, and says what that is. systemd's
/// `LimitNOFILE=`, or `ulimit -Hn`, raises it further.
pub(crate) fn raise() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => {
            tracing::debug!(from = ?limit.current, to = ?limit.maximum, "raised the limit of open files");
        }
        Err(error) => tracing::debug!(%error, "the limit of open files stays as it is"),
    }
}

/// The number of files that [`raise`] would allow.
pub(crate) fn limit() -> String {
    let limit = getrlimit(Resource::Nofile).maximum;
    limit.map_or_else(|| "unlimited".to_owned(), |limit| limit.to_string())
}
