//! One HTTP request: hygiene, the application, its response or the server's own.

mod body;
pub(crate) mod hygiene;
pub(crate) mod page;

use std::future::Future;
use std::sync::Arc;

use http::{Request, Response, StatusCode, header};
use hyper::body::Incoming;
use laureola_asgi::exchange::{self, Body, ResponseFuture};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tracing::debug;

pub(crate) use body::ResponseBody;

use crate::connection::Peer;
use crate::guard::BodyFault;
use crate::running::{self, Present};
use crate::websocket;

/// Answers one request of a connection. The application is called at once, not when the future is
/// first polled: a client that sends a request and leaves without a look at the response is served.
pub(crate) fn answer(
    peer: &Arc<Peer>,
    mut request: Request<Incoming>,
) -> impl Future<Output = Response<ResponseBody>> + use<> {
    let begun = match hygiene::check(&mut request) {
        Err(status) => Begun::Refused(status),
        Ok(()) if websocket::is_handshake(&request) => Begun::Handshake(Box::new(request)),
        Ok(()) => Begun::Exchange(Exchange::begin(peer, request)),
    };
    let peer = Arc::clone(peer);
    async move {
        let result = match begun {
            Begun::Refused(status) => Err(page::refusal(status)),
            Begun::Handshake(request) => websocket::handshake(&peer, *request).await,
            Begun::Exchange(exchange) => exchange.response(&peer).await,
        };
        let mut response = match result {
            Ok(response) => response,
            // The server's own word ends the connection: what follows may not be a request at all.
            Err(page) => {
                debug!(status = %page.status(), "refused");
                let mut page = page.map(ResponseBody::new);
                page.headers_mut().insert(header::CONNECTION, hygiene::CLOSE);
                page
            }
        };
        if let Some(name) = &peer.shared.options.server_name {
            let headers = response.headers_mut();
            headers.entry(header::SERVER).or_insert_with(|| name.clone());
        }
        response
    }
}

/// What becomes of a request.
enum Begun {
    Refused(StatusCode),
    Handshake(Box<Request<Incoming>>),
    Exchange(Exchange),
}

/// An ordinary request, with the application under way.
struct Exchange {
    response: ResponseFuture,
    present: Present,
    deadline: Option<Instant>,
}

impl Exchange {
    fn begin(peer: &Peer, mut request: Request<Incoming>) -> Self {
        let shared = &peer.shared;
        request.extensions_mut().insert(peer.ends.clone());
        let (present, left) = oneshot::channel();
        let (connection, response, outcome) = exchange::open(request);
        let ended = move |result: &_| outcome.finish(result);
        let call = running::run(Arc::clone(shared), connection, left, ended);
        shared.tasks.spawn(call);
        Self {
            response,
            present,
            deadline: shared.options.http_timeout.map(|limit| Instant::now() + limit),
        }
    }

    /// The application's response, or as an error the server's.
    async fn response(self, peer: &Peer) -> Result<Response<ResponseBody>, Response<Body>> {
        let Self {
            response,
            present,
            deadline,
        } = self;
        let response = match deadline {
            None => Some(response.await),
            Some(deadline) => timeout_at(deadline, response).await.ok(),
        };
        // A client whose request is not whole is there to be told; to the application it has left.
        match (peer.fault.get(), response) {
            (Some(BodyFault::Malformed), _) => Err(page::refusal(StatusCode::BAD_REQUEST)),
            (Some(BodyFault::TooSlow), _) => Err(page::refusal(StatusCode::REQUEST_TIMEOUT)),
            (None, None) => Err(page::refusal(StatusCode::SERVICE_UNAVAILABLE)),
            (None, Some(response)) => {
                Ok(response.map(|body| ResponseBody::of_application(body, present, deadline)))
            }
        }
    }
}
