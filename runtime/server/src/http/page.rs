//! The server's own pages.

use http::{HeaderValue, Response, StatusCode, header};
use laureola_asgi::exchange::Body;

use super::ResponseBody;

/// A page that only says what `status` means.
pub(crate) fn refusal(status: StatusCode) -> Response<ResponseBody> {
    let reason = status.canonical_reason().unwrap_or("Error");
    let code = status.as_u16();
    let page = format!("<!doctype html><title>{code} {reason}</title><h1>{code} {reason}</h1>\n");
    let mut response = Response::new(ResponseBody::new(Body::from(page)));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    response
}
