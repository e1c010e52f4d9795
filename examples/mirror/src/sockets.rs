//! What WebSockets get.

use http::HeaderMap;
use laureola::AppError;
use laureola::asgi::{Command, Connection, Event, Payload, Scope};

use crate::scope;

/// Takes the first subprotocol that is offered.
pub(crate) async fn mirror(mut connection: Connection) -> Result<(), AppError> {
    let (subprotocol, text) = match &connection.scope {
        Scope::WebSocket(scope) => (
            scope.subprotocols().first().cloned(),
            scope::of_websocket(scope).to_string(),
        ),
        _ => return Ok(()),
    };
    loop {
        match connection.receive.next().await {
            Event::WebSocketConnect => {
                let subprotocol = subprotocol.clone();
                let headers = HeaderMap::new();
                let accept = Command::WebSocketAccept { subprotocol, headers };
                connection.send.send(accept).await?;
                let scope = Command::WebSocketSend(Payload::from(text.as_str()));
                connection.send.send(scope).await?;
            }
            Event::WebSocketReceive(payload) => {
                connection.send.send(Command::WebSocketSend(payload)).await?;
            }
            _ => return Ok(()),
        }
    }
}
