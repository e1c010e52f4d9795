//! Scopes as JSON, with ASGI's names.

use laureola::asgi::{Address, HttpScope, TlsInfo, WebSocketScope};
use serde_json::{Value, json};

/// What an HTTP application is told of a request.
pub(crate) fn of_http(scope: &HttpScope) -> Value {
    let headers = scope.parts.headers.iter();
    let headers = headers.map(|(name, value)| [name.to_string(), text(value.as_bytes())]);
    json!({
        "type": "http",
        "http_version": scope.http_version(),
        "method": scope.method().as_str(),
        "scheme": scope.scheme(),
        "path": scope.path(),
        "raw_path": text(scope.raw_path()),
        "query_string": text(scope.query_string()),
        "root_path": &*scope.root_path,
        "headers": headers.collect::<Vec<_>>(),
        "client": address(scope.client.as_ref()),
        "server": address(scope.server.as_ref()),
        "extensions": scope.supported.names().collect::<Vec<_>>(),
        "tls": scope.tls.as_deref().map(tls),
    })
}

/// The same of a WebSocket.
pub(crate) fn of_websocket(scope: &WebSocketScope) -> Value {
    let headers = scope.headers().iter();
    let headers = headers.map(|(name, value)| [text(name), text(value)]);
    json!({
        "type": "websocket",
        "http_version": scope.http_version(),
        "scheme": scope.scheme(),
        "path": scope.path(),
        "raw_path": text(scope.raw_path()),
        "query_string": text(scope.query_string()),
        "root_path": &*scope.root_path,
        "headers": headers.collect::<Vec<_>>(),
        "subprotocols": scope.subprotocols(),
        "client": address(scope.client.as_ref()),
        "server": address(scope.server.as_ref()),
        "extensions": scope.supported.names().collect::<Vec<_>>(),
        "tls": scope.tls.as_deref().map(tls),
    })
}

fn address(address: Option<&Address>) -> Value {
    address.map_or(Value::Null, |address| json!([&*address.host, address.port]))
}

fn tls(tls: &TlsInfo) -> Value {
    json!({
        "tls_version": tls.tls_version,
        "cipher_suite": tls.cipher_suite,
        "client_cert_name": tls.client_cert_name,
        "client_cert_error": tls.client_cert_error,
        "client_cert_chain": tls.client_cert_chain(),
    })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
