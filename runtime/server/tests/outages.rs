//! What the log says when clients cannot be served. One test, alone in its process: it takes away
//! the descriptors of all of it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use laureola_asgi::router::NotFound;
use laureola_server::{Limits, Server};
use laureola_testkit::wait_until;
use parking_lot::Mutex;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::oneshot;

const DEADLINE: Duration = Duration::from_secs(20);
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn count(&self, words: &str) -> usize {
        String::from_utf8_lossy(&self.0.lock()).matches(words).count()
    }
}

fn connect(port: u16) -> TcpStream {
    let client = TcpStream::connect(("127.0.0.1", port)).expect("a place in the backlog");
    client.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    client
}

fn answered(client: &mut TcpStream) -> bool {
    client.write_all(GET).is_ok() && matches!(client.read(&mut [0; 1024]), Ok(1..))
}

fn serve(limits: Limits, test: impl FnOnce(u16)) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let builder = Server::builder(NotFound).limits(limits);
    let server = runtime
        .block_on(builder.bind(("127.0.0.1", 0)))
        .expect("a free port");
    let port = server.local_addr().port();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = thread::spawn(move || {
        runtime.block_on(server.serve(async {
            let _ = stopped.await;
        }))
    });
    test(port);
    drop(stop);
    serving.join().expect("no panic").expect("a start");
}

#[test]
fn every_outage_is_a_line_of_the_log_and_no_more() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    all_connections_are_taken(&log);
    an_address_has_its_share(&log);
    no_descriptor_is_left(&log);
}

fn all_connections_are_taken(log: &Log) {
    let limits = Limits {
        max_connections: Some(1),
        ..Limits::default()
    };
    serve(limits, |port| {
        for _ in 0..3 {
            let mut first = connect(port);
            assert!(answered(&mut first));
            let mut second = connect(port);
            wait_until("the line", DEADLINE, || {
                log.count("all connections are taken") > 0
            });
            drop(first);
            assert!(answered(&mut second));
        }
    });
    assert_eq!(log.count("all connections are taken"), 1);
    assert_eq!(log.count("a connection has become free"), 1);
}

fn an_address_has_its_share(log: &Log) {
    let limits = Limits {
        max_connections_per_address: Some(1),
        ..Limits::default()
    };
    serve(limits, |port| {
        let mut first = connect(port);
        assert!(answered(&mut first));
        for _ in 0..100 {
            assert_eq!(connect(port).read(&mut [0]).unwrap_or(0), 0);
        }
    });
    assert_eq!(log.count("refusing connections of an address"), 1);
}

fn no_descriptor_is_left(log: &Log) {
    serve(Limits::default(), |port| {
        let before = getrlimit(Resource::Nofile);
        let few = Rlimit {
            current: Some(256),
            ..before
        };
        setrlimit(Resource::Nofile, few).expect("fewer are allowed");
        let mut taken = Vec::new();
        while let Ok(file) = File::open("/dev/null") {
            taken.push(file);
        }
        // For the client, the server's end, and a second client.
        taken.truncate(taken.len() - 3);
        let mut first = connect(port);
        assert!(answered(&mut first));
        let mut second = connect(port);
        wait_until("the line", DEADLINE, || {
            log.count("cannot accept connections") > 0
        });
        // The server tries again several times within this.
        thread::sleep(Duration::from_millis(50));
        assert!(answered(&mut first), "those there are are served");
        drop(first);
        assert!(answered(&mut second), "it works again by itself");
        setrlimit(Resource::Nofile, before).expect("the old limit");
    });
    assert_eq!(log.count("cannot accept connections"), 1);
}
