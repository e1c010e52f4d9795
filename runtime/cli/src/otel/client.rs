//! A blocking HTTP client for the exporter's own thread: one connection for each batch, in clear.
//! A collector on another machine is reached through an agent on this one, as they are made for.

use std::io::{Error, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::pin::Pin;
use std::time::Duration;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};

/// An answer that is longer is not a collector's.
const LONGEST: u64 = 1024 * 1024;

#[derive(Debug)]
pub(super) struct Client {
    timeout: Duration,
}

impl Client {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { timeout }
    }

    fn send(&self, request: &Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let invalid = |text: &str| Error::new(ErrorKind::InvalidInput, text.to_owned());
        let uri = request.uri();
        if uri.scheme_str() != Some("http") {
            return Err(invalid("spans are exported to http:// only; put an agent in between").into());
        }
        let host = uri.host().ok_or_else(|| invalid("the endpoint has no host"))?;
        let port = uri.port_u16().unwrap_or(80);
        let unbracketed = host.trim_start_matches('[').trim_end_matches(']');
        let mut stream = self.connect(unbracketed, port)?;
        stream.set_read_timeout(Some(self.timeout))?;
        stream.set_write_timeout(Some(self.timeout))?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut head = format!(
            "POST {path} HTTP/1.0\r\nHost: {host}:{port}\r\nContent-Length: {}\r\nConnection: close\r\n",
            request.body().len()
        )
        .into_bytes();
        for (name, value) in request.headers() {
            let lines = [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"];
            head.extend(lines.concat());
        }
        head.extend_from_slice(b"\r\n");
        stream.write_all(&head)?;
        stream.write_all(request.body())?;
        let mut answer = Vec::new();
        stream.take(LONGEST).read_to_end(&mut answer)?;
        parse(&answer)
    }

    fn connect(&self, host: &str, port: u16) -> Result<TcpStream, Error> {
        let mut failed = Error::from(ErrorKind::NotFound);
        for address in (host, port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, self.timeout) {
                Ok(stream) => return Ok(stream),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }
}

/// HTTP/1.0 was asked for: the body is what follows, to the end.
fn parse(answer: &[u8]) -> Result<Response<Bytes>, HttpError> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let end = end.ok_or_else(|| Error::from(ErrorKind::UnexpectedEof))?;
    let status = answer
        .get(9..12)
        .and_then(|digits| std::str::from_utf8(digits).ok());
    let status: u16 = status
        .ok_or_else(|| Error::from(ErrorKind::InvalidData))?
        .parse()?;
    let body = Bytes::copy_from_slice(&answer[end + 4..]);
    Ok(Response::builder().status(status).body(body)?)
}

type Sending<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Client {
    fn send_bytes<'a, 'b>(&'a self, request: Request<Bytes>) -> Sending<'b>
    where
        'a: 'b,
        Self: 'b,
    {
        // The exporter's thread waits for nothing else.
        Box::pin(async move { self.send(&request) })
    }
}
