//! Clients that read whatever comes, all in one thread: their processor time is not the server's.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;

use laureola_testkit::WebSocket;
use rustix::event::{Timespec, epoll};

use super::flow::Flow;

/// Bytes of one read.
const READ: usize = 64 * 1024;
const EVENTS: usize = 1024;

/// Open sockets, spread over the rooms in turn; closed on drop.
#[derive(Debug)]
pub struct Clients {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Clients {
    /// Has a thread read these sockets; the first belongs to the first room, the second to the second, and so on.
    ///
    /// # Panics
    /// If the kernel refuses.
    #[must_use]
    pub fn read(sockets: Vec<TcpStream>, flow: &Arc<Flow>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (stop, flow) = (Arc::clone(&stop), Arc::clone(flow));
            move || drain(&sockets, &flow, &stop)
        });
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

/// Opens a WebSocket in each room's turn; `path` says where.
///
/// # Panics
/// If the server refuses.
#[must_use]
pub fn connect(port: u16, count: usize, path: impl Fn(usize) -> String) -> Vec<TcpStream> {
    let open = |number| {
        let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
        let handshake = WebSocket::handshake(port, &path(number), &[]);
        socket.write_all(handshake.as_bytes()).expect("the server reads");
        // A byte at a time: what comes behind the head is a message.
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            socket.read_exact(&mut byte).expect("a response");
            head.extend(byte);
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "the server refuses");
        socket
    };
    (0..count).map(open).collect()
}

fn drain(sockets: &[TcpStream], flow: &Flow, stop: &AtomicBool) {
    let poll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("an epoll");
    for (number, socket) in sockets.iter().enumerate() {
        socket.set_nonblocking(true).expect("a socket");
        let data = epoll::EventData::new_u64(number as u64);
        epoll::add(&poll, socket, data, epoll::EventFlags::IN).expect("a socket");
    }
    let mut events = Vec::with_capacity(EVENTS);
    let mut buffer = vec![0; READ];
    // How often `stop` is looked at.
    let pause = Timespec {
        tv_sec: 0,
        tv_nsec: 20_000_000,
    };
    while !stop.load(Relaxed) {
        events.clear();
        let spare = rustix::buffer::spare_capacity(&mut events);
        match epoll::wait(&poll, spare, Some(&pause)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("cannot wait for sockets: {error}"),
        }
        for event in &events {
            let number = event.data.u64() as usize;
            match (&sockets[number]).read(&mut buffer) {
                Ok(0) => panic!("the server closed a socket"),
                Ok(bytes) => flow.read(number % flow.shape().rooms, bytes),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => panic!("cannot read: {error}"),
            }
        }
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.expect("the clients do not panic");
            }
        }
    }
}
