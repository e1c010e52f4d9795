//! What the machine can do: a thread that writes a prebuilt frame to every socket, and does nothing else.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use laureola_message::Frame;

use super::clients::Clients;
use super::flow::{Flow, Shape};
use crate::chat::RoomEvent;
use crate::room::RoomError;

/// Sockets and their writer; closed on drop.
#[derive(Debug)]
pub struct Floor {
    messages: Option<SyncSender<usize>>,
    writer: Option<JoinHandle<()>>,
    flow: Arc<Flow>,
    clients: Option<Clients>,
}

impl Floor {
    /// Opens sockets. With `joined`, messages to a room that wait together are one write a socket.
    ///
    /// # Panics
    /// If the kernel refuses.
    #[must_use]
    pub fn open(shape: Shape, joined: bool) -> Self {
        let frame = Frame::text_json(&RoomEvent::sample().outgoing()).expect("texts are JSON");
        let flow = Flow::new(shape, frame.bytes().len());
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("it has one");
        let (clients, sockets): (Vec<_>, Vec<_>) = (0..shape.rooms * shape.members)
            .map(|_| {
                let client = TcpStream::connect(address).expect("it listens");
                let (socket, _) = listener.accept().expect("it connects");
                socket.set_nodelay(true).expect("a socket");
                (client, socket)
            })
            .unzip();
        let (messages, receiver) = sync_channel(shape.rooms * shape.window);
        let writer = std::thread::spawn(move || write(&receiver, &sockets, shape, &frame, joined));
        Self {
            messages: Some(messages),
            writer: Some(writer),
            clients: Some(Clients::read(clients, &flow)),
            flow,
        }
    }

    /// Sends so many messages to each room, and waits until everybody has them.
    ///
    /// # Errors
    /// [`RoomError`].
    pub async fn deliver(&self, messages: u64) -> Result<(), RoomError> {
        self.flow.expect(messages);
        let sender = self.messages.as_ref().ok_or(RoomError::Member)?;
        for _ in 0..messages {
            for room in 0..self.flow.shape().rooms {
                self.flow.ready(room).await;
                sender.send(room).map_err(|_| RoomError::Member)?;
            }
        }
        self.flow.arrived().await
    }

    /// How far it has come.
    #[must_use]
    pub fn flow(&self) -> &Flow {
        &self.flow
    }
}

fn write(messages: &Receiver<usize>, sockets: &[TcpStream], shape: Shape, frame: &Frame, joined: bool) {
    let mut waiting = vec![0; shape.rooms];
    let mut buffer = Vec::new();
    while let Ok(room) = messages.recv() {
        waiting[room] += 1;
        if joined {
            messages.try_iter().for_each(|room| waiting[room] += 1);
        }
        for (room, count) in waiting.iter_mut().enumerate().filter(|(_, count)| **count > 0) {
            buffer.clear();
            (0..std::mem::take(count)).for_each(|_| buffer.extend_from_slice(frame.bytes()));
            for mut socket in sockets.iter().skip(room).step_by(shape.rooms) {
                socket.write_all(&buffer).expect("the client reads");
            }
        }
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // Before the sockets are closed.
        self.clients = None;
        self.messages = None;
        if let Some(writer) = self.writer.take() {
            let ended = writer.join();
            if !std::thread::panicking() {
                ended.expect("the writer does not panic");
            }
        }
    }
}
