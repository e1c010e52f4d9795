//! The opening handshake (RFC 6455 §4.2): checked here, decided by the application.

use std::future::poll_fn;
use std::sync::Arc;

use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode, Version};
use laureola_asgi::exchange::Body;
use laureola_asgi::queue::{EventSender, event_queue};
use laureola_asgi::{AppError, Connection, Event, Receiver, Scope, Sender, WebSocketScope};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::close;
use super::codec::Inflation;
use super::deflate::{Agreed, negotiate};
use super::denial::Denied;
use super::driver;
use super::socket::{Decision, Socket};
use tracing::Span;

use crate::connection::Peer;
use crate::guard::is_websocket;
use crate::http::{ResponseBody, deadline, page, until};
use crate::observe::Record;
use crate::running::{self, Present};
use crate::upgrade::Upgrade;

/// Whether a request asks for a WebSocket.
pub(crate) fn is_handshake<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    // Few requests have it, and to look at the names is cheaper than to look one up.
    headers.keys().any(|name| *name == header::UPGRADE)
        && headers
            .get_all(header::UPGRADE)
            .iter()
            .any(|value| is_websocket(value.as_bytes()))
}

/// Carries a handshake to its response: 101, or as an error one after which the connection closes.
pub(crate) async fn handshake(
    peer: &Arc<Peer>,
    request: Request<()>,
    upgrade: Upgrade,
    record: &mut Record,
) -> Result<Response<ResponseBody>, Response<ResponseBody>> {
    let accept = check(&request).map_err(refusal)?;
    let ours = peer.shared.options.websocket_compression.as_ref();
    let agreed = negotiate(request.headers(), ours).map_err(|_| refusal(StatusCode::BAD_REQUEST))?;
    let deadline = deadline(peer.shared.options.websocket_connect_timeout);
    let (mut socket, mut events, present) = start(peer, request, agreed.as_ref(), record.span()).await;
    record.connecting();
    let shared = &peer.shared;
    let decision = tokio::select! {
        decision = poll_fn(|cx| socket.0.poll_decision(cx)) => decision,
        () = until(deadline) => {
            return Err(page::refusal(StatusCode::SERVICE_UNAVAILABLE));
        }
        () = shared.stopped() => {
            disconnect(&mut events, close::RESTART).await;
            return Err(page::refusal(StatusCode::SERVICE_UNAVAILABLE));
        }
    };
    match decision {
        Decision::Accept { subprotocol, headers } => {
            socket.1 = true;
            let socket = Arc::clone(&socket.0);
            let inflation = match &agreed {
                None => Inflation::Off,
                Some(agreed) => agreed
                    .client_window
                    .map_or(Inflation::Alone, |bits| Inflation::Takeover(bits, None)),
            };
            spawn_driver(
                peer,
                socket,
                events,
                upgrade,
                inflation,
                present,
                record.accepted(),
            );
            let extensions = agreed.map(|agreed| agreed.response);
            Ok(switching(accept, subprotocol, extensions, headers).map(ResponseBody::new))
        }
        Decision::Refuse => Err(page::refusal(StatusCode::FORBIDDEN)),
        // The application may have ended, but its response still has to be, in the same time.
        Decision::Deny(response) => {
            Err(response.map(|body| ResponseBody::of_application(body, None, deadline)))
        }
        Decision::DenyInParts(response) => {
            let response = tokio::select! {
                response = response => response,
                () = until(deadline) => return Err(page::refusal(StatusCode::SERVICE_UNAVAILABLE)),
            };
            Err(response.map(|body| {
                let _events = events;
                let body = Body::new(Denied { body, _events });
                ResponseBody::of_application(body, Some(present), deadline)
            }))
        }
        Decision::None => Err(page::refusal(StatusCode::INTERNAL_SERVER_ERROR)),
    }
}

/// The value of `Sec-WebSocket-Accept`, or the status to refuse with. HTTP/2 has no such header,
/// nor the key it is made of: nobody between client and server takes its stream for something else
/// (RFC 8441 §5).
fn check<B>(request: &Request<B>) -> Result<Option<HeaderValue>, StatusCode> {
    let headers = request.headers();
    let bad = StatusCode::BAD_REQUEST;
    let has_host = headers.get(header::HOST).is_some_and(|host| !host.is_empty());
    if request.version() == Version::HTTP_2 {
        let version = single(headers, &header::SEC_WEBSOCKET_VERSION).filter(|_| has_host);
        return match version.ok_or(bad)? {
            version if version == "13" => Ok(None),
            _ => Err(bad),
        };
    }
    let mut connection = headers.get_all(header::CONNECTION).iter();
    let upgrades = connection.any(|value| has_token(value, b"upgrade"));
    if request.method() != Method::GET || request.version() != Version::HTTP_11 || !has_host || !upgrades {
        return Err(bad);
    }
    let version = single(headers, &header::SEC_WEBSOCKET_VERSION).ok_or(bad)?;
    if version != "13" {
        return Err(StatusCode::UPGRADE_REQUIRED);
    }
    let key = single(headers, &header::SEC_WEBSOCKET_KEY).ok_or(bad)?;
    if !is_key(key.as_bytes()) {
        return Err(bad);
    }
    let accept = derive_accept_key(key.as_bytes());
    Ok(Some(
        HeaderValue::try_from(accept).expect("base64 is a legal header value"),
    ))
}

fn refusal(status: StatusCode) -> Response<ResponseBody> {
    let mut page = page::refusal(status);
    if status == StatusCode::UPGRADE_REQUIRED {
        let headers = page.headers_mut();
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    page
}

fn has_token(value: &HeaderValue, token: &[u8]) -> bool {
    let mut tokens = value.as_bytes().split(|byte| *byte == b',');
    tokens.any(|part| part.trim_ascii().eq_ignore_ascii_case(token))
}

fn single<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a HeaderValue> {
    let mut all = headers.get_all(name).iter();
    all.next().filter(|_| all.next().is_none())
}

/// Base64 of 16 bytes.
fn is_key(key: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.len() == 24 && key.ends_with(b"==") && key[..22].iter().all(is_base64)
}

/// A handshake under way. Dropped (the client left, or was refused), its application learns it.
struct Undecided(Arc<Socket>, /* accepted: */ bool);

impl Drop for Undecided {
    fn drop(&mut self) {
        if !self.1 {
            self.0.abandon();
        }
    }
}

/// Starts the application.
async fn start(
    peer: &Peer,
    request: Request<()>,
    agreed: Option<&Agreed>,
    span: Option<Span>,
) -> (Undecided, EventSender, Present) {
    let shared = &peer.shared;
    let (mut parts, _) = request.into_parts();
    let mut scope = WebSocketScope::new(&mut parts);
    scope.state = shared.state.copy();
    // The head pins hyper's read buffer.
    drop(parts);
    let (events, receiver) = event_queue(shared.options.limits.websocket_inbound_events);
    events.send(Event::WebSocketConnect).await;
    let window = agreed.map(|agreed| agreed.server_window);
    let socket = Arc::new(Socket::new(
        Arc::clone(shared),
        scope.subprotocols().into(),
        window,
    ));
    let connection = Connection {
        scope: Scope::WebSocket(Box::new(scope)),
        receive: Receiver::new(receiver),
        send: Sender::from_arc(Arc::clone(&socket) as _),
    };
    let (present, left) = oneshot::channel();
    let end = Ended {
        socket: Arc::clone(&socket),
        failed: true,
    };
    let ended = move |result: &_| end.say(result);
    running::start(shared, connection, span, left, ended);
    (Undecided(socket, false), events, present)
}

/// Says that the application has ended, however it did.
struct Ended {
    socket: Arc<Socket>,
    failed: bool,
}

impl Ended {
    fn say(mut self, result: &Result<(), AppError>) {
        self.failed = result.is_err();
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        self.socket.application_ended(self.failed);
    }
}

async fn disconnect(events: &mut EventSender, code: u16) {
    let reason = laureola_message::Str::default();
    events.send(Event::WebSocketDisconnect { code, reason }).await;
}

/// A task of its own, so that nothing of hyper's connection lives on beside the socket.
fn spawn_driver(
    peer: &Peer,
    socket: Arc<Socket>,
    events: EventSender,
    upgrade: Upgrade,
    inflation: Inflation,
    present: Present,
    mut record: Record,
) {
    let permit = peer.permit.clone();
    let opening = Box::pin(driver::open(socket, events, upgrade, inflation, present));
    peer.shared.tasks.spawn(async move {
        let code = driver::drive(opening).await;
        record.closed(code);
        drop(permit);
    });
}

fn switching(
    accept: Option<HeaderValue>,
    subprotocol: Option<HeaderValue>,
    extensions: Option<HeaderValue>,
    headers: HeaderMap,
) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = headers;
    let headers = response.headers_mut();
    // Ours alone to say: the extension is what we agreed on, the subprotocol is one of the client's offers, and
    // a 101 has no body.
    for name in [
        header::SEC_WEBSOCKET_EXTENSIONS,
        header::SEC_WEBSOCKET_PROTOCOL,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
    ] {
        headers.remove(name);
    }
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Some(accept) = accept {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(extensions) = extensions {
        headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, extensions);
    }
    if let Some(subprotocol) = subprotocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_base64_of_16_bytes() {
        assert!(is_key(b"dGhlIHNhbXBsZSBub25jZQ=="));
        for key in [
            &b"dGhlIHNhbXBsZSBub25jZQ="[..],
            b"dGhlIHNhbXBsZSBub25jZQAA",
            b"",
            b"dGhlIHNhbXBsZSBub25j!Q==",
        ] {
            assert!(!is_key(key), "{}", String::from_utf8_lossy(key));
        }
    }

    #[test]
    fn an_upgrade_is_found_in_a_list() {
        let request = |value: &str| Request::get("/").header("upgrade", value).body(()).unwrap();
        assert!(is_handshake(&request("h2c, WebSocket")));
        assert!(!is_handshake(&request("h2c")));
        assert!(!is_handshake(&request("websockets")));
    }
}
