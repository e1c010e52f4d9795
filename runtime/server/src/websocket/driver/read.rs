//! Reading through a buffer that nobody holds.

use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::{Driver, Turn};
use crate::stream::ReadHalf;

/// Bytes of one read. On the stack, and not cleared before: only what comes is touched.
const READ: usize = 16 * 1024;
/// What is read of a client that nobody listens to, where only reading shows that it left.
const AHEAD: usize = 64 * 1024;
/// Reads in a row before other connections have their turn: of a long message, or of what is thrown away.
const READS: usize = 2;

const fn space() -> [MaybeUninit<u8>; READ] {
    [const { MaybeUninit::uninit() }; READ]
}

/// Reads into `buf` anew: nothing at the end of the stream, however it ended.
fn poll_fill(read: &mut ReadHalf, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
    buf.clear();
    if ready!(Pin::new(read).poll_read(cx, buf)).is_err() {
        buf.clear();
    }
    Poll::Ready(())
}

impl Driver {
    /// Reads, and makes of it what there is to make.
    // Its stack frame is large, and needed only while it runs.
    #[inline(never)]
    pub(super) fn read(&mut self, cx: &mut Context<'_>, wanted: bool) -> Poll<Turn> {
        let mut space = space();
        let mut buf = ReadBuf::uninit(&mut space);
        for _ in 0..READS {
            ready!(poll_fill(&mut self.read, cx, &mut buf));
            let mut input = buf.filled_mut();
            if input.is_empty() {
                return Poll::Ready(Turn::Gone);
            }
            self.socket.hear();
            if let Some(turn) = self.digest(cx, &mut input, wanted) {
                return Poll::Ready(turn);
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Ready once the client has left; says whether it broke off. What has to be read to know that is
/// put into `bytes`.
pub(super) async fn left(read: &mut ReadHalf, bytes: &mut Vec<u8>) -> bool {
    let ReadHalf::Other(_) = read else {
        return read.closed().await;
    };
    while bytes.len() < AHEAD {
        let more = poll_fn(|cx| {
            let mut space = space();
            let mut buf = ReadBuf::uninit(&mut space);
            ready!(poll_fill(read, cx, &mut buf));
            bytes.extend_from_slice(buf.filled());
            Poll::Ready(!buf.filled().is_empty())
        });
        if !more.await {
            return false;
        }
    }
    std::future::pending().await
}

/// Throws away what comes, up to so many bytes. Ready at the end of the stream, or of patience.
#[inline(never)]
pub(super) fn discard(read: &mut ReadHalf, cx: &mut Context<'_>, patience: &mut Option<usize>) -> Poll<()> {
    let mut space = space();
    let mut buf = ReadBuf::uninit(&mut space);
    for _ in 0..READS {
        let Some(left) = *patience else {
            return Poll::Ready(());
        };
        ready!(poll_fill(read, cx, &mut buf));
        let bytes = buf.filled().len();
        *patience = left.checked_sub(bytes).filter(|_| bytes > 0);
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}
