//! An HTTP client that sends exactly the bytes it is given.

use std::io::ErrorKind;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use crate::http::HttpResponse;
use crate::stream::Stream;

/// A connection to a server on 127.0.0.1. Every method panics where a test could only give up.
#[derive(Debug)]
pub struct RawHttp {
    stream: Stream,
}

impl RawHttp {
    /// Connects to `port`.
    #[track_caller]
    pub fn connect(port: u16) -> Self {
        let stream =
            Stream::connect(port).unwrap_or_else(|error| panic!("cannot connect to port {port}: {error}"));
        Self { stream }
    }

    /// One connection, one request, one response: `None` if the server closes without one.
    #[track_caller]
    pub fn exchange(port: u16, request: impl AsRef<[u8]>, deadline: Duration) -> Option<HttpResponse> {
        let mut connection = Self::connect(port);
        connection.try_write(request);
        connection.read_response(deadline)
    }

    /// `GET <path>` with `Host` and `Connection: close`.
    ///
    /// # Panics
    /// If there is no response.
    #[track_caller]
    pub fn get(port: u16, path: &str, deadline: Duration) -> HttpResponse {
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
        Self::exchange(port, request, deadline).unwrap_or_else(|| panic!("no response to GET {path}"))
    }

    /// Our own port: what the server sees as the client's.
    pub fn local_port(&self) -> u16 {
        self.stream.local_port()
    }

    /// Sends `bytes` as they are.
    #[track_caller]
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream
            .write(bytes.as_ref())
            .unwrap_or_else(|error| panic!("cannot write: {error}"));
    }

    /// Sends `bytes` as they are; whether the server still took them.
    pub fn try_write(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write(bytes.as_ref()).is_ok()
    }

    /// Ends our side of the connection; the response can still be read.
    pub fn finish(&mut self) {
        self.stream.shutdown(Shutdown::Write);
    }

    /// The next response with its body, or `None` if the server closed (or reset) the connection before one began.
    ///
    /// # Panics
    /// At the deadline, and if what comes is not an HTTP/1 response.
    #[track_caller]
    pub fn read_response(&mut self, deadline: Duration) -> Option<HttpResponse> {
        let end = Instant::now() + deadline;
        let mut response = self.head(end)?;
        let read = response.read_body(&mut self.stream, end);
        read.unwrap_or_else(|error| panic!("the body breaks off: {error}; read so far: {response:?}"));
        Some(response)
    }

    /// Like [`read_response`](Self::read_response) for a response that has no body whatever its head says (HEAD), or
    /// whose body is read with [`read_bytes`](Self::read_bytes).
    #[track_caller]
    pub fn read_head(&mut self, deadline: Duration) -> Option<HttpResponse> {
        self.head(Instant::now() + deadline)
    }

    /// Exactly `count` bytes, whatever they mean.
    #[track_caller]
    pub fn read_bytes(&mut self, count: usize, deadline: Duration) -> Vec<u8> {
        let bytes = self.stream.take(count, Instant::now() + deadline);
        bytes.unwrap_or_else(|error| panic!("cannot read {count} bytes: {error}"))
    }

    /// Everything up to the end of the connection; what came before a reset counts.
    ///
    /// # Panics
    /// If the server does not close before the deadline.
    #[track_caller]
    pub fn read_to_end(&mut self, deadline: Duration) -> Vec<u8> {
        match self.stream.take_rest(Instant::now() + deadline) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                panic!(
                    "the server did not close within {deadline:?}; it sent {:?}",
                    self.buffered()
                )
            }
            Err(_) => self.stream.take_buffered(),
        }
    }

    /// Whether the server closes the connection within `deadline` without sending anything more.
    pub fn is_closed(&mut self, deadline: Duration) -> bool {
        self.stream.buffered().is_empty()
            && match self.stream.fill(Instant::now() + deadline) {
                Ok(read) => read == 0,
                Err(error) => error.kind() != ErrorKind::TimedOut,
            }
    }

    #[track_caller]
    fn head(&mut self, end: Instant) -> Option<HttpResponse> {
        match HttpResponse::read_head(&mut self.stream, end) {
            Ok(head) => Some(head),
            Err(error) if closes(error.kind()) && self.stream.buffered().is_empty() => None,
            Err(error) => panic!("no response: {error}; received so far: {:?}", self.buffered()),
        }
    }

    fn buffered(&self) -> String {
        String::from_utf8_lossy(self.stream.buffered()).into_owned()
    }
}

/// Whether an error means that the other side is gone.
pub(crate) fn closes(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener};
    use std::thread;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(20);

    /// Answers one connection with `bytes` and closes it.
    fn server(bytes: &'static [u8]) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            socket.write_all(bytes).unwrap();
            socket.shutdown(Shutdown::Write).unwrap();
            let mut ignored = Vec::new();
            let _ = socket.read_to_end(&mut ignored);
        });
        port
    }

    fn read(bytes: &'static [u8]) -> Option<HttpResponse> {
        RawHttp::connect(server(bytes)).read_response(DEADLINE)
    }

    #[test]
    fn reads_bodies_of_every_framing() {
        let with_length = read(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").unwrap();
        assert_eq!((with_length.status, with_length.text().as_str()), (200, "hi"));
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\na\r\n0123456789\r\n0\r\nt: 1\r\n\r\n";
        assert_eq!(read(chunked).unwrap().text(), "abc0123456789");
        assert_eq!(
            read(b"HTTP/1.0 404 Not Found\r\n\r\nto the end").unwrap().text(),
            "to the end"
        );
        assert_eq!(read(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap().body, b"");
    }

    #[test]
    fn pipelined_responses_come_one_by_one() {
        let port = server(b"HTTP/1.1 400 Bad\r\nContent-Length: 1\r\n\r\naHTTP/1.1 204 No\r\n\r\n");
        let mut connection = RawHttp::connect(port);
        assert_eq!(connection.read_response(DEADLINE).unwrap().status, 400);
        assert_eq!(connection.read_response(DEADLINE).unwrap().status, 204);
        assert_eq!(connection.read_response(DEADLINE), None);
        assert!(connection.is_closed(DEADLINE));
    }

    #[test]
    fn a_silent_server_is_not_a_closed_one() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut connection = RawHttp::connect(listener.local_addr().unwrap().port());
        assert!(!connection.is_closed(Duration::from_millis(20)));
    }
}
