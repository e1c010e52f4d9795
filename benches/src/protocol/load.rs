//! Clients, on one thread: each keeps a single request or message under way.
//!
//! They write the same bytes again and again, and know how long the answer is from the first one:
//! what the machine gives to them is taken from the server.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};

use crate::layer_peers::gauge::cpu_seconds;

const CONNECT_DEADLINE: Duration = Duration::from_secs(20);
/// The payload of an echo.
pub const PAYLOAD: usize = 64;

/// What the clients ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Work {
    /// `GET /` over connections that stay open, no pipelining.
    Hello,
    /// A text of [`PAYLOAD`] bytes over a WebSocket.
    Echo,
}

impl Work {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hello => "hello",
            Self::Echo => "echo",
        }
    }

    /// The bytes that ask for it.
    #[must_use]
    pub fn request(self) -> Vec<u8> {
        match self {
            Self::Hello => {
                b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: load\r\nAccept: */*\r\n\r\n".to_vec()
            }
            Self::Echo => masked_text(&[b'x'; PAYLOAD]),
        }
    }
}

impl Work {
    /// Whether `answer` is all of one, to a [`Work::request`]: a hello in a single part with its
    /// length, a frame.
    #[must_use]
    pub fn is_whole(self, answer: &[u8]) -> bool {
        match self {
            Self::Hello => answer.starts_with(b"HTTP/1.1 200 ") && answer.ends_with(b"Hello, world!"),
            Self::Echo => answer.len() == 2 + PAYLOAD,
        }
    }
}

/// One run.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Sample {
    /// Answers per second.
    pub rate: f64,
    /// Answers per second of the server's CPU time, user and system.
    pub per_cpu: f64,
}

/// How long, and how much at a time.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Connections, each with one request under way.
    pub connections: usize,
    /// Before counting begins.
    pub warm_up: Duration,
    /// While it counts.
    pub measured: Duration,
}

/// Loads the server on `port`, whose process is `pid`.
///
/// # Errors
/// The first thing that went wrong with a connection.
pub fn run(port: u16, pid: u32, work: Work, plan: Plan) -> Result<Sample, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime for the clients: {error}"))?;
    LocalSet::new().block_on(&runtime, async {
        let (answers, failed) = (Rc::new(Cell::new(0_u64)), Rc::new(RefCell::new(None)));
        for _ in 0..plan.connections {
            let connected = timeout(CONNECT_DEADLINE, connect(port, work)).await;
            let stream = connected
                .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
                .map_err(|error| format!("a client cannot connect: {error}"))?;
            let (answers, failed) = (Rc::clone(&answers), Rc::clone(&failed));
            tokio::task::spawn_local(async move {
                let Err(error) = ask(stream, &work.request(), &answers).await;
                failed.borrow_mut().get_or_insert(error.to_string());
            });
        }
        sleep(plan.warm_up).await;
        let (before, cpu, start) = (answers.get(), cpu_seconds(pid)?, Instant::now());
        sleep(plan.measured).await;
        let (count, cpu) = ((answers.get() - before) as f64, cpu_seconds(pid)? - cpu);
        let seconds = start.elapsed().as_secs_f64();
        if let Some(error) = failed.borrow().as_ref() {
            return Err(format!("a client failed: {error}"));
        }
        Ok(Sample {
            rate: count / seconds,
            per_cpu: if cpu > 0.0 { count / cpu } else { 0.0 },
        })
    })
}

/// A connection that takes [`Work::request`].
///
/// # Errors
/// What the socket says, or that the handshake was refused.
pub async fn connect(port: u16, work: Work) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    if work == Work::Echo {
        let handshake = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(handshake.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        if !head.starts_with(b"HTTP/1.1 101 ") {
            return Err(io::Error::other("the handshake was refused"));
        }
    }
    Ok(stream)
}

async fn ask(
    mut stream: TcpStream,
    request: &[u8],
    answers: &Cell<u64>,
) -> io::Result<std::convert::Infallible> {
    stream.write_all(request).await?;
    // The first answer is whole when nothing more has come for a while.
    let mut first = vec![0; 4096];
    let mut length = stream.read(&mut first).await?;
    while let Ok(more) = timeout(Duration::from_millis(20), stream.read(&mut first[length..])).await {
        match more? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            more => length += more,
        }
    }
    let first = first[..length].to_vec();
    // Dates differ, what comes before them and how long it is does not.
    let start = first.len().min(12);
    let mut answer = vec![0; first.len()];
    loop {
        stream.write_all(request).await?;
        stream.read_exact(&mut answer).await?;
        if answer[..start] != first[..start] {
            return Err(io::Error::other("an answer differs from the first one"));
        }
        answers.set(answers.get() + 1);
    }
}

/// A text frame as a client sends it, with a mask of zeros: unmasking costs the server the same.
fn masked_text(payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).ok().filter(|length| *length < 126);
    let length = length.expect("the payload is short");
    let mut frame = vec![0x81, 0x80 | length, 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}
