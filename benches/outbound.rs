//! What the outbound queue of one socket gets through: a burst of texts from an application to one client, over loopback,
//! beside a bounded channel and a task that writes, on tungstenite.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::{SinkExt, StreamExt};
use laureola_asgi::{AppError, Command, Connection, Event, Payload, app_fn};
use laureola_benches::chat::RoomEvent;
use laureola_benches::sockets::clients::connect;
use laureola_message::Frame;
use laureola_server::Server;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// The allocator of the `laureola` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BURSTS: [usize; 3] = [1, 16, 256];
/// What the naive way lets wait.
const CAPACITY: usize = 100;
const DEADLINE: Duration = Duration::from_secs(30);

fn text() -> String {
    serde_json::to_string(&RoomEvent::sample().outgoing()).expect("texts are JSON")
}

/// Sends as many frames as a client's text says, each by itself, or corked.
async fn burst(mut connection: Connection, corked: bool) -> Result<(), AppError> {
    let frame = Frame::text(&text());
    loop {
        match connection.receive.next().await {
            Event::WebSocketConnect => connection.send.send(Command::accept()).await?,
            Event::WebSocketReceive(payload) => {
                let count = payload.as_text().and_then(|text| text.parse().ok());
                let count: usize = count.ok_or_else(|| AppError::msg("a number"))?;
                if corked {
                    connection.send.cork();
                }
                for _ in 0..count {
                    let payload = Payload::Frame(frame.clone());
                    connection.send.send(Command::WebSocketSend(payload)).await?;
                }
                connection.send.uncork();
            }
            _ => return Ok(()),
        }
    }
}

async fn naive(stream: tokio::net::TcpStream) {
    let Ok(socket) = tokio_tungstenite::accept_async(stream).await else {
        return;
    };
    let (mut sink, mut stream) = socket.split();
    let (sender, mut receiver) = mpsc::channel::<Utf8Bytes>(CAPACITY);
    let mut writer = JoinSet::new();
    writer.spawn(async move {
        while let Some(text) = receiver.recv().await {
            if sink.send(Message::Text(text)).await.is_err() {
                return;
            }
        }
    });
    let text = Utf8Bytes::from(text());
    while let Some(Ok(message)) = stream.next().await {
        let count = message.to_text().ok().and_then(|text| text.parse().ok());
        for _ in 0..count.unwrap_or(0_usize) {
            if sender.send(text.clone()).await.is_err() {
                return;
            }
        }
    }
}

/// A client that asks for bursts and reads them.
struct Client {
    socket: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    fn of(port: u16) -> Self {
        let socket = connect(port, 1, |_| "/".to_owned()).remove(0);
        socket
            .set_read_timeout(Some(DEADLINE))
            .expect("a deadline is no zero");
        socket.set_nodelay(true).expect("a socket");
        Self {
            socket,
            buffer: vec![0; 64 * 1024],
        }
    }

    /// Until the last byte is here.
    fn ask(&mut self, count: usize) {
        let digits = count.to_string();
        // A mask of zeros.
        let mut frame = vec![0x81, 0x80 | digits.len() as u8, 0, 0, 0, 0];
        frame.extend_from_slice(digits.as_bytes());
        self.socket.write_all(&frame).expect("the server reads");
        let mut missing = count * Frame::text(&text()).bytes().len();
        while missing > 0 {
            let read = self.socket.read(&mut self.buffer).expect("the server answers");
            assert!(read > 0 && read <= missing, "the server sent something else");
            missing -= read;
        }
    }
}

/// The port of a server of ours, served by `tasks`.
async fn ours(tasks: &mut JoinSet<()>, corked: bool) -> u16 {
    let application = app_fn(move |connection| burst(connection, corked));
    let server = Server::builder(application).bind(("127.0.0.1", 0)).await;
    let server = server.expect("a free port");
    let port = server.local_addr().port();
    tasks.spawn(async move {
        let served = server.serve(std::future::pending()).await;
        served.expect("it serves until the bench ends");
    });
    port
}

async fn theirs(tasks: &mut JoinSet<()>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let port = listener.local_addr().expect("it has one").port();
    tasks.spawn(async move {
        let mut sockets = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.expect("a client");
            stream.set_nodelay(true).expect("a socket");
            sockets.spawn(naive(stream));
        }
    });
    port
}

fn outbound(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut tasks = JoinSet::new();
    let ports = runtime.block_on(async {
        [
            ("queue", ours(&mut tasks, false).await),
            ("queue-corked", ours(&mut tasks, true).await),
            ("queue-naive", theirs(&mut tasks).await),
        ]
    });
    let mut group = criterion.benchmark_group("outbound");
    group
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    for burst in BURSTS {
        group.throughput(Throughput::Elements(burst as u64));
        for (name, port) in ports {
            let mut client = None;
            group.bench_function(BenchmarkId::new(name, burst), |bencher| {
                let client = client.get_or_insert_with(|| Client::of(port));
                bencher.iter_custom(|bursts| {
                    let start = Instant::now();
                    (0..bursts).for_each(|_| client.ask(burst));
                    start.elapsed()
                });
            });
        }
    }
    group.finish();
    runtime.shutdown_background();
}

criterion_group!(benches, outbound);
criterion_main!(benches);
