//! Files as bodies: read piece by piece on the runtime's threads for blocking work.

use std::fs::File;
use std::future::Future;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use laureola_asgi::exchange::{Body, FilePart};
use tokio::task::{JoinHandle, spawn_blocking};

/// Bytes read at a time: what one response holds in memory.
const PIECE: usize = 64 * 1024;

/// The stream of a file's bytes.
pub(super) fn open(part: FilePart) -> Body {
    Body::new(FileBody {
        source: Some(part.into()),
        reading: None,
    })
}

/// What is still to be read.
enum Source {
    Path(std::path::PathBuf),
    File {
        file: Arc<File>,
        /// `None` reads at the file's own position.
        offset: Option<u64>,
        left: Option<u64>,
    },
}

impl From<FilePart> for Source {
    fn from(part: FilePart) -> Self {
        match part {
            FilePart::Path(path) => Self::Path(path),
            FilePart::Handle { file, offset, count } => Self::File {
                file,
                offset,
                left: count,
            },
        }
    }
}

/// Some bytes and what is left behind them, or the end.
type Piece = Option<(Bytes, Source)>;

struct FileBody {
    /// `None` while a piece is read, and at the end.
    source: Option<Source>,
    reading: Option<JoinHandle<io::Result<Piece>>>,
}

impl HttpBody for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(source) = self.source.take() {
            self.reading = Some(spawn_blocking(|| source.read()));
        }
        let Some(reading) = &mut self.reading else {
            return Poll::Ready(None);
        };
        let read = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        // The runtime is shutting down, or the read panicked.
        let read = read.unwrap_or_else(|error| Err(io::Error::other(error)));
        Poll::Ready(read.transpose().map(|read| {
            let (bytes, source) = read?;
            self.source = Some(source);
            Ok(Frame::data(bytes))
        }))
    }
}

impl Source {
    /// The next piece, or `None` at the end.
    fn read(self) -> io::Result<Piece> {
        let (file, offset, left) = match self {
            Self::Path(path) => {
                let file = File::open(path)?;
                if !file.metadata()?.is_file() {
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
                }
                (Arc::new(file), Some(0), None)
            }
            Self::File { file, offset, left } => (file, offset, left),
        };
        let piece = left.map_or(PIECE, |left| {
            usize::try_from(left).map_or(PIECE, |left| left.min(PIECE))
        });
        let mut bytes = vec![0; piece];
        let read = match offset {
            Some(offset) => read_at(&file, &mut bytes, offset)?,
            None => read(&file, &mut bytes)?,
        };
        if read == 0 {
            return Ok(None);
        }
        bytes.truncate(read);
        let source = Self::File {
            file,
            offset: offset.map(|offset| offset + read as u64),
            left: left.map(|left| left - read as u64),
        };
        Ok(Some((bytes.into(), source)))
    }
}

fn read(mut file: &File, bytes: &mut [u8]) -> io::Result<usize> {
    retried(|| file.read(bytes))
}

fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    retried(|| file.read_at(bytes, offset))
}

fn retried(mut read: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match read() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
