//! One HTTP request: hygiene, the application, its response or the server's own.

mod body;
pub(crate) mod hygiene;
pub(crate) mod page;

use std::sync::Arc;

use http::{Request, Response, StatusCode, header};
use hyper::body::Incoming;
use laureola_asgi::exchange::{self, Body};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};
use tracing::debug;

pub(crate) use body::ResponseBody;

use crate::connection::Peer;
use crate::guard::BodyFault;
use crate::running;
use crate::websocket;

/// Answers one request of a connection.
pub(crate) async fn answer(peer: &Arc<Peer>, mut request: Request<Incoming>) -> Response<ResponseBody> {
    let result = match hygiene::check(&mut request) {
        Err(status) => Err(page::refusal(status)),
        Ok(()) if websocket::is_handshake(&request) => websocket::handshake(peer, request).await,
        Ok(()) => Ok(exchange(peer, request).await),
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
        response
            .headers_mut()
            .entry(header::SERVER)
            .or_insert_with(|| name.clone());
    }
    response
}

/// An ordinary request, answered by the application.
async fn exchange(peer: &Arc<Peer>, mut request: Request<Incoming>) -> Response<ResponseBody> {
    let shared = &peer.shared;
    let deadline = shared.options.http_timeout.map(|limit| Instant::now() + limit);
    request.extensions_mut().insert(peer.ends.clone());
    let (present, left) = oneshot::channel();
    let (connection, response, outcome) = exchange::open(request);
    let call = running::run(Arc::clone(shared), connection, left);
    shared.tasks.spawn(async move {
        // Unsaid, the outcome of an application that was stopped is a failure.
        if let Some(result) = call.await {
            outcome.finish(&result);
        }
    });
    let response = match deadline {
        None => response.await,
        Some(deadline) => match timeout_at(deadline, response).await {
            Ok(response) => response,
            Err(_) => page::refusal(StatusCode::SERVICE_UNAVAILABLE),
        },
    };
    // The application saw a disconnect, whatever it made of it: the client is there, but its
    // request is not whole.
    let response = match peer.fault.get() {
        None => response,
        Some(fault) => {
            let mut page = page::refusal(match fault {
                BodyFault::Malformed => StatusCode::BAD_REQUEST,
                BodyFault::TooSlow => StatusCode::REQUEST_TIMEOUT,
            });
            page.headers_mut().insert(header::CONNECTION, hygiene::CLOSE);
            page
        }
    };
    response.map(|body: Body| ResponseBody::of_application(body, present, deadline))
}
