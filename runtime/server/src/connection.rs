//! One accepted connection: served by hyper until it closes, or becomes a WebSocket.

use std::convert::Infallible;
use std::future::ready;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use futures_util::future::Either;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use laureola_asgi::scope::Ends;
use tracing::debug;

use crate::admission::Place;
use crate::arrival::{self, Arrived};
use crate::guard::{Aside, Deadlines, Fault, Guard};
use crate::http::{Answer, answer, interim};
use crate::http2;
use crate::listener::Accepted;
use crate::observe::Protocol;
use crate::shared::Shared;
use crate::stream::Stream;
use crate::tasks::Here;
use crate::upgrade::Upgrade;
use crate::websocket::is_handshake;

/// The greatest buffer hyper reads and writes through; heads are bounded by the limits, bodies are
/// handed on in parts of at most this.
const MAX_BUFFER: usize = 64 * 1024;

/// What hyper reads from, and gives back at an upgrade.
pub(crate) type Io = TokioIo<Guard<Stream>>;

/// One client, as its requests see it.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) ends: Ends,
    pub(crate) fault: Arc<Fault>,
    /// Requests so far.
    pub(crate) requests: AtomicU64,
    /// Where applications begin that have no task of their own yet.
    pub(crate) here: Here,
    /// Held as long as the connection, or the WebSocket it became.
    pub(crate) permit: Option<Arc<Place>>,
}

/// Serves `accepted` to its end.
pub(crate) async fn serve(shared: Arc<Shared>, accepted: Accepted, mut place: Place) {
    let arrived = tokio::select! {
        arrived = arrival::hear(&shared, accepted, &mut place) => arrived,
        () = shared.stopped() => None,
    };
    let Some(Arrived { stream, ends, http2 }) = arrived else {
        return;
    };
    // Boxed: the state of a connection is large, and only now there is a use for it.
    let peer = peer(&shared, ends, place);
    let protocol = if http2 { Protocol::Http2 } else { Protocol::Http1 };
    let _open = shared.metrics.open(protocol);
    if http2 {
        Box::pin(http2::serve(shared, peer, stream)).await;
    } else {
        Box::pin(serve_http(shared, peer, stream)).await;
    }
}

fn peer(shared: &Arc<Shared>, ends: Ends, place: Place) -> Arc<Peer> {
    Arc::new(Peer {
        shared: Arc::clone(shared),
        ends,
        fault: Arc::default(),
        requests: AtomicU64::new(0),
        here: shared.tasks.here(),
        permit: place.shared(),
    })
}

async fn serve_http(shared: Arc<Shared>, peer: Arc<Peer>, stream: Stream) {
    let deadlines = Deadlines {
        head: shared.options.header_timeout,
        body: shared.options.body_timeout,
        response: shared.options.slow_client_timeout,
        idle: shared.options.keep_alive_timeout,
    };
    let aside = Arc::new(Aside::default());
    let guard = Guard::new(stream, deadlines, Arc::clone(&peer.fault), Arc::clone(&aside));
    let io = TokioIo::new(guard);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let upgrade = is_handshake(&request).then(|| Upgrade::Http1(hyper::upgrade::on(&mut request)));
        let under_way = aside.request();
        match answer(&peer, request, upgrade) {
            Answer::Now(mut response) => {
                response.body_mut().keep(under_way);
                Either::Left(ready(Ok(response)))
            }
            // Boxed: it is large, and hyper moves it about.
            Answer::Later(interims, response) => Either::Right(Box::pin(async move {
                let mut response = interim::over_http1(interims, under_way.aside(), response).await;
                response.body_mut().keep(under_way);
                Ok::<_, Infallible>(response)
            })),
        }
    });
    let mut connection = pin!(builder(&shared).serve_connection(io, service).with_upgrades());
    let result = tokio::select! {
        result = &mut connection => result,
        () = shared.stopped() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        debug!(%error, "a connection broke");
    }
}

fn builder(shared: &Shared) -> http1::Builder {
    let limits = &shared.options.limits;
    let mut builder = http1::Builder::new();
    builder
        // The guard has it.
        .header_read_timeout(None)
        .max_header_size(limits.max_header_bytes)
        .max_buf_size(MAX_BUFFER.max(limits.max_header_bytes))
        .half_close(false);
    // hyper's own default is free of an allocation that any other number costs.
    if limits.max_header_count != 100 {
        builder.max_headers(limits.max_header_count);
    }
    builder
}
