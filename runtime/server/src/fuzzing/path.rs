//! A request's target as a scope's `path`, `raw_path` and `query_string`.

use http::Request;
use laureola_asgi::scope::{HttpScope, WebSocketScope};

/// `data` is a target. Both kinds of scope read it alike, lose nothing of its raw form, and decode
/// a path without `%` to itself.
pub fn path_decoding(data: &[u8]) {
    let Ok(request) = Request::builder().uri(data).body(()) else {
        return;
    };
    let (mut parts, ()) = request.into_parts();
    let Some(target) = parts.uri.path_and_query().cloned() else {
        return;
    };
    let websocket = WebSocketScope::new(&mut parts);
    let scope = HttpScope::new(parts);
    assert_eq!(scope.path(), websocket.path());
    assert_eq!(scope.query_string(), websocket.query_string());
    assert_eq!(scope.raw_path(), websocket.raw_path());

    let (raw, query) = (scope.raw_path(), scope.query_string());
    assert!(raw.len() + query.len() + 1 >= target.as_str().len());
    assert!(target.as_str().as_bytes().ends_with(query));
    let path = scope.path();
    if !raw.contains(&b'%') {
        assert!(std::str::from_utf8(raw).is_ok_and(|raw| raw == path));
    }
    // U+FFFD, three bytes, stands for at least one `%xx`, also three.
    assert!(path.len() <= raw.len());
}
