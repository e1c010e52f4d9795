//! A WebSocket in a stream of HTTP/2 (RFC 8441), frame by frame.

use bytes::{Bytes, BytesMut};
use h2::ext::Protocol;
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Method, Request, Response};

use super::client::{Client, send_all};

/// See the module's documentation.
pub(super) struct Socket {
    pub(super) send: SendStream<Bytes>,
    pub(super) receive: RecvStream,
    pub(super) headers: HeaderMap,
    buffer: BytesMut,
}

/// The request for a WebSocket at `path`.
pub(super) fn handshake(path: &str) -> Request<()> {
    Request::builder()
        .method(Method::CONNECT)
        .uri(format!("http://localhost{path}"))
        .extension(Protocol::from_static("websocket"))
        .header("sec-websocket-version", "13")
        .header("origin", "http://localhost")
        .body(())
        .expect("a request")
}

impl Socket {
    /// Opens a socket.
    pub(super) async fn open(client: &mut Client, request: Request<()>) -> Self {
        let (response, send) = client.send(request, false);
        let response = response.await.expect("a response");
        assert_eq!(response.status(), 200);
        let (parts, receive) = response.into_parts();
        Self {
            send,
            receive,
            headers: parts.headers,
            buffer: BytesMut::new(),
        }
    }

    /// Asks for a socket that is refused.
    pub(super) async fn refused(client: &mut Client, request: Request<()>) -> Response<String> {
        let (response, _send) = client.send(request, false);
        let response = response.await.expect("a response");
        super::client::whole(response).await.expect("a body")
    }

    pub(super) async fn send(&mut self, opcode: u8, payload: &[u8]) {
        let mut frame = vec![0x80 | opcode];
        match u16::try_from(payload.len()) {
            Ok(length @ 0..126) => frame.push(0x80 | u8::try_from(length).expect("7 bits")),
            Ok(length) => {
                frame.push(0xfe);
                frame.extend(length.to_be_bytes());
            }
            Err(_) => {
                frame.push(0xff);
                frame.extend((payload.len() as u64).to_be_bytes());
            }
        }
        // A mask of zeros.
        frame.extend([0; 4]);
        frame.extend_from_slice(payload);
        send_all(&mut self.send, frame.into()).await;
    }

    /// The opcode and payload of the next frame; `None` at the end of the stream.
    pub(super) async fn receive(&mut self) -> Result<Option<(u8, Bytes)>, h2::Error> {
        loop {
            if let Some(frame) = self.take() {
                return Ok(Some(frame));
            }
            let Some(part) = self.receive.data().await.transpose()? else {
                assert!(self.buffer.is_empty(), "half a frame at the end");
                return Ok(None);
            };
            self.receive.flow_control().release_capacity(part.len())?;
            self.buffer.extend_from_slice(&part);
        }
    }

    fn take(&mut self) -> Option<(u8, Bytes)> {
        let head = self.buffer.get(..2)?;
        let (opcode, short) = (head[0] & 0x0f, usize::from(head[1]));
        let (start, length) = match short {
            126 => (
                4,
                usize::from(u16::from_be_bytes(self.buffer.get(2..4)?.try_into().ok()?)),
            ),
            127 => {
                let length = u64::from_be_bytes(self.buffer.get(2..10)?.try_into().ok()?);
                (10, usize::try_from(length).ok()?)
            }
            length => (2, length),
        };
        self.buffer.get(..start + length)?;
        let mut frame = self.buffer.split_to(start + length);
        Some((opcode, frame.split_off(start).freeze()))
    }

    /// The next frame as a close; its code.
    pub(super) async fn closed(&mut self) -> u16 {
        let (opcode, payload) = self.receive().await.expect("a frame").expect("a frame");
        assert_eq!(opcode, 8, "{payload:?}");
        u16::from_be_bytes(payload[..2].try_into().expect("a code"))
    }

    /// Ends our side of the stream.
    pub(super) fn finish(&mut self) {
        self.send.send_data(Bytes::new(), true).expect("an open stream");
    }

    pub(super) fn reset(&mut self) {
        self.send.send_reset(Reason::CANCEL);
    }
}
