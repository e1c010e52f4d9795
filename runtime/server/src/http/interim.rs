//! Interim responses over HTTP/1.1 (RFC 9110 §15.2): `103 Early Hints`.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Poll, ready};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Response};
use laureola_asgi::exchange::{Interim, Interims};
use tracing::debug;

use super::ResponseBody;
use crate::guard::Aside;

/// Waits for `response`; what comes before it is written through `aside`. Nothing overtakes.
pub(crate) async fn over_http1(
    interims: Option<Interims>,
    aside: &Aside,
    response: impl Future<Output = Response<ResponseBody>>,
) -> Response<ResponseBody> {
    let mut response = pin!(response);
    let Some(mut interims) = interims else {
        return response.await;
    };
    let mut answer = None;
    loop {
        let next = poll_fn(|cx| {
            // Whoever makes the response may do so right here, and send others just before: so these are asked for twice.
            loop {
                if let Poll::Ready(Some(interim)) = interims.poll_next(cx) {
                    return Poll::Ready(Err(interim));
                }
                if let Some(answer) = answer.take() {
                    return Poll::Ready(Ok(answer));
                }
                answer = Some(ready!(response.as_mut().poll(cx)));
            }
        });
        match next.await {
            Ok(response) => return response,
            Err(Interim::EarlyHint(headers)) => aside.write(early_hints(&headers)).await,
            Err(other) => log(other),
        }
    }
}

/// What no client gets over this protocol.
pub(crate) fn log(interim: Interim) {
    if let Interim::Debug(info) = interim {
        debug!(?info, "http.response.debug");
    }
}

fn early_hints(headers: &HeaderMap) -> Bytes {
    let mut bytes = BytesMut::from(&b"HTTP/1.1 103 Early Hints\r\n"[..]);
    for (name, value) in headers {
        bytes.put_slice(name.as_str().as_bytes());
        bytes.put_slice(b": ");
        bytes.put_slice(value.as_bytes());
        bytes.put_slice(b"\r\n");
    }
    bytes.put_slice(b"\r\n");
    bytes.freeze()
}
