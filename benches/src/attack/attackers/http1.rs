//! Attacks over HTTP/1.1.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

const BEGUN: &[u8] = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n";
/// Slow enough to be cheap, fast enough to look alive.
const DRIP: Duration = Duration::from_secs(3);
/// 300 MB.
const UPLOAD: usize = 300_000_000;

/// A header every [`DRIP`], until the server has enough.
pub(super) async fn slowloris(mut stream: TcpStream, begins: impl FnOnce()) -> io::Result<()> {
    stream.write_all(BEGUN).await?;
    begins();
    let (mut read, mut write) = stream.split();
    let drip = async {
        loop {
            sleep(DRIP).await;
            write.write_all(b"X-A: b\r\n").await?;
        }
    };
    tokio::select! {
        result = drip => result,
        result = read.read_u8() => result.map(drop),
    }
}

/// A WebSocket in the loud group, never read again.
pub(super) async fn deaf(mut stream: TcpStream, begins: impl FnOnce()) -> io::Result<()> {
    let handshake = "GET /group HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(handshake.as_bytes()).await?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await?;
    if status != *b"HTTP/1.1 101" {
        return Err(io::Error::other("the handshake was refused"));
    }
    begins();
    std::future::pending().await
}

/// As much of a body as the server takes.
pub(super) async fn upload(mut stream: TcpStream, begins: impl FnOnce()) -> io::Result<()> {
    let head = format!("POST /upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {UPLOAD}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    begins();
    let part = vec![b'x'; 64 * 1024];
    let mut left = UPLOAD;
    while left > 0 {
        let part = &part[..part.len().min(left)];
        stream.write_all(part).await?;
        left -= part.len();
    }
    stream.read_u8().await.map(drop)
}

/// Headers without end.
pub(super) async fn headers(mut stream: TcpStream, begins: impl FnOnce()) -> io::Result<()> {
    stream.write_all(BEGUN).await?;
    begins();
    let part = b"X-Header: of some length, but nothing that anybody would wonder about\r\n".repeat(50);
    loop {
        stream.write_all(&part).await?;
    }
}
