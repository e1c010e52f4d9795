//! Parts of a body that are files. Reading them is the server's work: nothing here blocks.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use super::Body;

/// Bytes of a response that stand in a file.
#[derive(Debug)]
pub enum FilePart {
    /// `http.response.pathsend`: the whole file.
    Path(PathBuf),
    /// `http.response.zerocopysend`.
    Handle {
        /// The open file.
        file: Arc<File>,
        /// Where the part begins; `None` is the file's own position, which moves on.
        offset: Option<u64>,
        /// The part's length; `None` is up to the file's end.
        count: Option<u64>,
    },
}

/// Makes a stream of a file's bytes, without blocking and in pieces of a bounded size. That a file
/// cannot be read is the error of the first piece.
pub type OpenFile = fn(FilePart) -> Body;
