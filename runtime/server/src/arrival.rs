//! What comes before a connection's first request: the PROXY header, the TLS handshake, and the
//! choice between HTTP/1.1 and HTTP/2. Every step has its deadline.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use laureola_asgi::scope::Ends;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tracing::{debug, warn};

use crate::admission::Place;
use crate::listener::{Accepted, Via};
use crate::proxy_protocol::{self, Header, MAX_HEADER};
use crate::shared::Shared;
use crate::stream::Stream;
use crate::tls;

/// How HTTP/2 begins without TLS, as far as no request of HTTP/1.1 does (RFC 9113 §3.4).
const PREFACE: &[u8] = b"PRI ";

/// The type of the record a TLS client begins with (RFC 8446 §5.1).
const HANDSHAKE: u8 = 22;

/// What a browser that speaks HTTP to a TLS port is told.
const PLAIN_HTTP: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\n\
    content-length: 43\r\nconnection: close\r\n\r\nThis port speaks TLS: begin with https://.\n";

/// How long a client may take to take that.
const FAREWELL: Duration = Duration::from_secs(1);

/// A connection whose client is about to send its first request.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) stream: Stream,
    pub(crate) ends: Ends,
    pub(crate) http2: bool,
}

/// Hears a new connection out. `None` where it is to be closed; the log has the reason.
pub(crate) async fn hear(shared: &Shared, accepted: Accepted, place: &mut Place) -> Option<Arrived> {
    let Accepted {
        mut stream,
        mut ends,
        via,
        ..
    } = accepted;
    let limit = shared.options.header_timeout;
    if via.proxy {
        // Boxed here and below: most connections need it not at all, and none for long.
        let header = Box::pin(proxied(shared, &mut stream, &mut ends, &via));
        let header = timeout(limit, header)
            .await
            .unwrap_or_else(|late| Err(late.into()));
        let header = match header {
            Ok(header) => header,
            Err(error) => {
                debug!(client = ?ends.client, "no PROXY header: {error}");
                return None;
            }
        };
        let client = header.ends.map(|(client, _)| client.ip());
        if !shared.admission.enter(place, client) {
            return None;
        }
    }
    match &via.tls {
        None => {
            // An open, silent connection costs almost nothing, and not for long.
            let Ok(Ok(http2)) = timeout(limit, begins_with_preface(&stream)).await else {
                debug!("a client sent nothing");
                return None;
            };
            let http2 = http2 && shared.options.http2;
            Some(Arrived { stream, ends, http2 })
        }
        Some(tls) => {
            let limit = shared.options.handshake_timeout;
            let secured = timeout(limit, Box::pin(secured(tls, stream))).await;
            match secured.unwrap_or_else(|late| Err(late.into())) {
                Ok(secured) => {
                    ends.secure = true;
                    ends.tls = Some(Arc::new(secured.info));
                    Some(Arrived {
                        stream: secured.stream,
                        ends,
                        http2: secured.http2,
                    })
                }
                Err(error) => {
                    debug!(client = ?ends.client, "no TLS connection: {error}");
                    None
                }
            }
        }
    }
}

/// Takes the PROXY header off the stream, and its addresses for the connection's.
async fn proxied(shared: &Shared, stream: &mut Stream, ends: &mut Ends, via: &Via) -> io::Result<Header> {
    if !shared.options.proxy_protocol.trusts(ends.client.as_ref()) {
        if let Some(more) = via.untrusted.line() {
            let client = ends.client.as_ref().map(ToString::to_string);
            warn!(
                ?client,
                more, "refusing a peer that is not trusted to speak the PROXY protocol"
            );
        }
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let mut bytes = vec![0; MAX_HEADER];
    let parse = |bytes: &[u8], _| proxy_protocol::parse(bytes).transpose();
    let header = stream
        .peek_until(&mut bytes, parse)
        .await?
        .map_err(io::Error::other)?;
    stream.read_exact(&mut bytes[..header.len]).await?;
    if let Some((client, server)) = header.ends {
        ends.client = Some(client.into());
        ends.server = Some(server.into());
    }
    ends.secure |= header.secure;
    Ok(header)
}

/// Whether a client over a bare socket begins with HTTP/2 ("prior knowledge").
async fn begins_with_preface(stream: &Stream) -> io::Result<bool> {
    let mut bytes = [0; PREFACE.len()];
    let decide = |bytes: &[u8], ended| match PREFACE.strip_prefix(bytes) {
        None => Some(false),
        Some([]) => Some(true),
        // Half a request is answered as such.
        Some(_) if ended && !bytes.is_empty() => Some(false),
        Some(_) => None,
    };
    stream.peek_until(&mut bytes, decide).await
}

async fn secured(tls: &tls::Acceptor, mut stream: Stream) -> io::Result<tls::Secured> {
    // Nor does TLS need its buffers before there is something to read.
    let mut byte = [0];
    let first = stream.peek_until(&mut byte, |bytes, _| bytes.first().copied());
    if first.await? != HANDSHAKE {
        // Not what came is answered, but who sent it; it need not be HTTP at all.
        let _ = timeout(FAREWELL, farewell(&mut stream)).await;
        return Err(io::Error::other("the client does not speak TLS"));
    }
    tls.accept(stream).await
}

/// Answers plain HTTP, and waits until that is taken: a socket closed over unread bytes is reset.
async fn farewell(stream: &mut Stream) -> io::Result<()> {
    const MOST: usize = 64 * 1024;
    stream.write_all(PLAIN_HTTP).await?;
    stream.shutdown().await?;
    let (mut bytes, mut read) = ([0; 1024], 0);
    while read < MOST {
        match stream.read(&mut bytes).await? {
            0 => break,
            more => read += more,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_for_plain_http_has_the_length_it_says() {
        let page = std::str::from_utf8(PLAIN_HTTP).unwrap();
        let (head, body) = page.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
    }
}
