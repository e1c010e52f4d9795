//! The byte stream a WebSocket takes over once its handshake is answered.

use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use tokio::sync::oneshot;

use crate::connection::Io;
use crate::stream::{Duplex, Stream};

/// See the module's documentation. A request that may become a WebSocket carries one.
#[derive(Debug)]
pub(crate) enum Upgrade {
    /// HTTP/1.1: the connection itself, which hyper gives back after a 101.
    Http1(OnUpgrade),
    /// HTTP/2 (RFC 8441): the request's own stream, after a 200.
    Http2(oneshot::Receiver<Box<dyn Duplex>>),
}

impl Upgrade {
    /// The stream, and what was read of it already. `None` where the client left before.
    pub(crate) async fn stream(self) -> Option<(Stream, Bytes)> {
        match self {
            Self::Http1(upgrade) => {
                let parts = upgrade
                    .await
                    .ok()?
                    .downcast::<Io>()
                    .expect("every connection is served over this type");
                let (stream, ahead) = parts.io.into_inner().into_inner();
                let early = if ahead.is_empty() {
                    parts.read_buf
                } else {
                    [parts.read_buf, ahead].concat().into()
                };
                Some((stream, early))
            }
            Self::Http2(stream) => Some((Stream::Other(stream.await.ok()?), Bytes::new())),
        }
    }
}
