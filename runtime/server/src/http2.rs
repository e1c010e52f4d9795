//! HTTP/2 (RFC 9113), with WebSockets in its streams (RFC 8441).
//!
//! On the `h2` crate itself: hyper's layer above it can send neither interim responses nor pushes.
//! One task serves a connection and the heads and bodies of all its responses; applications have
//! their own, as over HTTP/1.1, and so has a WebSocket once its stream is handed over.
//!
//! - [`connection`]: the loop over streams, timer and shutdown
//! - [`frames`], [`wire`]: what a client sends, counted on its way to `h2`, and what it owes
//! - [`watchdog`]: which of the deadlines comes next
//! - [`head`]: what `h2` lets through and an application must not see
//! - [`stream`]: one request and its response; [`upload`], [`pipe`]: their bodies;
//!   [`interim`]: early hints and promises
//! - [`tunnel`]: a stream as a WebSocket's bytes

mod connection;
mod date;
mod frames;
pub(crate) mod head;
mod interim;
mod pipe;
mod stream;
mod tunnel;
mod upload;
mod watchdog;
mod wire;

use std::sync::Arc;

use bytes::Bytes;
use h2::server::Builder;
use tokio::time::timeout;
use tracing::debug;

use crate::connection::Peer;
use crate::limits::Limits;
use crate::shared::Shared;
use crate::stream::Stream;
use wire::{Owed, Wire};

/// Serves a client that begins with the preface of HTTP/2, to the connection's end.
pub(crate) async fn serve(shared: Arc<Shared>, peer: Arc<Peer>, stream: Stream) {
    let limits = &shared.options.limits;
    let owed = Owed::new(limits);
    let wire = Wire::new(stream, Arc::clone(&owed));
    let handshake = builder(limits).handshake::<_, Bytes>(wire);
    let handshake = timeout(shared.options.header_timeout, Box::pin(handshake));
    let connection = tokio::select! {
        connection = handshake => connection,
        () = shared.stopped() => return,
    };
    match connection {
        Ok(Ok(connection)) => connection::serve(shared, peer, connection, owed).await,
        Ok(Err(error)) => debug!(%error, "an HTTP/2 connection did not begin"),
        Err(_) => debug!("a client sent no preface of HTTP/2 in time"),
    }
}

fn builder(limits: &Limits) -> Builder {
    const MAX_WINDOW: u32 = (1 << 31) - 1;
    let mut builder = Builder::new();
    builder
        .enable_connect_protocol()
        .max_concurrent_streams(limits.http2_max_streams)
        .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX))
        .max_frame_size(limits.http2_max_frame.clamp(16_384, 16_777_215))
        .initial_window_size(limits.http2_stream_window.min(MAX_WINDOW))
        .initial_connection_window_size(limits.http2_connection_window.clamp(65_535, MAX_WINDOW))
        .max_send_buffer_size(limits.http2_send_buffer)
        .max_pending_accept_reset_streams(limits.http2_max_pending_resets)
        .max_local_error_reset_streams(Some(limits.http2_max_stream_errors))
        .data_frame_budget(limits.http2_connection_window.saturating_mul(4) as usize);
    builder
}
