//! What the pages load: files of `static/`, compiled in (debug builds read them from the disk, so
//! that an edit shows at the next reload).

use axum::Extension;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use laureola::consumers::routing::UrlRoute;
use rust_embed::{Embed, EmbeddedFile};

#[derive(Embed)]
#[folder = "static"]
struct Assets;

/// `/static/chat/<file>`. Browsers keep a file and ask each time whether it is still the one,
/// which costs them a 304 and never shows an old script with a new page.
pub(super) async fn file(Extension(route): Extension<UrlRoute>, headers: HeaderMap) -> Response {
    let name = route.get("file").unwrap_or_default();
    let Some((file, content_type)) = Assets::get(name).zip(content_type(name)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = etag(&file);
    let known = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .any(|tags| names(tags, &etag));
    let answer = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, content_type)], file.data).into_response()
    };
    let etag = HeaderValue::from_str(&etag).expect("hex digits in quotes");
    let always = [
        (header::ETAG, etag),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ),
    ];
    (always, answer).into_response()
}

/// A strong entity tag: the file's SHA-256.
fn etag(file: &EmbeddedFile) -> String {
    let hex = file.metadata.sha256_hash().map(|byte| format!("{byte:02x}"));
    format!("\"{}\"", hex.concat())
}

/// Whether an `If-None-Match` names the tag, by weak comparison (RFC 9110 §13.1.2).
fn names(tags: &HeaderValue, etag: &str) -> bool {
    let tags = tags.to_str().unwrap_or_default();
    let mut tags = tags.split(',').map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

fn content_type(name: &str) -> Option<&'static str> {
    Some(match name.rsplit_once('.')?.1 {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}
