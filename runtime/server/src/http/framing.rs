//! What an application's headers must not say about the length of its response.

use http::header::HeaderValue;
use http::{Response, StatusCode, header};
use http_body::Body;
use tracing::error;

/// Puts a `content-length` right that the body is known not to have. hyper trusts it: what the
/// client took for the next response on the connection would be the application's to choose.
pub(super) fn mend<B: Body>(response: &mut Response<B>) {
    // RFC 9110 §8.6.
    if response.status() == StatusCode::NO_CONTENT {
        response.headers_mut().remove(header::CONTENT_LENGTH);
        return;
    }
    // The answer to HEAD has the length of a body that is not sent.
    let body = response.body();
    let Some(length) = body.size_hint().exact().filter(|_| !body.is_end_stream()) else {
        return;
    };
    let Some(claimed) = response.headers().get(header::CONTENT_LENGTH) else {
        return;
    };
    let length = HeaderValue::from(length);
    if *claimed != length {
        error!(
            ?claimed,
            ?length,
            "a response's content-length is not that of its body"
        );
        response.headers_mut().insert(header::CONTENT_LENGTH, length);
    }
}
