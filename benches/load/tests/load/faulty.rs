//! A chat that is wrong on purpose: text in, text out to everybody on this port, but not always. It pings each client
//! first, and ends those that do not answer.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use laureola_load::wire::frame::{self, Opcode};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// Every so many deliveries, one does not leave.
    Drop(u64),
    /// Every so many, one leaves twice.
    Double(u64),
    /// Every so many, one leaves after the next one to the same member.
    Swap(u64),
    /// Every so many, another room's message is added.
    Stray(u64),
    /// Every so many, one is cut short.
    Cut(u64),
    /// After so many, a member is closed.
    Close(u64),
    /// Handshakes are answered with 403.
    Refuse,
    /// Connections are taken, and nothing is said.
    Mute,
}

#[derive(Default)]
struct Hall {
    members: Vec<Member>,
    deliveries: u64,
}

struct Member {
    stream: TcpStream,
    held: Option<Vec<u8>>,
}

/// Starts one, and returns its port. Its threads end with their connections, the listener's with the tests.
pub(crate) fn start(fault: Fault) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let hall = Arc::new(parking_lot::Mutex::new(Hall::default()));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let hall = Arc::clone(&hall);
            thread::spawn(move || serve(stream, fault, &hall));
        }
    });
    address
}

fn serve(mut stream: TcpStream, fault: Fault, hall: &parking_lot::Mutex<Hall>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    match fault {
        Fault::Refuse => return stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"),
        Fault::Mute => return stream.read_to_end(&mut head).map(drop),
        _ => {}
    }
    let accepted = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x89\x04ping";
    {
        let mut hall = hall.lock();
        stream.write_all(accepted)?;
        hall.members.push(Member {
            stream: stream.try_clone()?,
            held: None,
        });
    }
    // One text may have left before the ping was read.
    let (mut ponged, mut texts) = (false, 0);
    loop {
        let mut header = [0; 2];
        stream.read_exact(&mut header)?;
        let length = match header[1] & 0x7f {
            126 => {
                let mut long = [0; 2];
                stream.read_exact(&mut long)?;
                usize::from(u16::from_be_bytes(long))
            }
            short => usize::from(short),
        };
        // The mask, which is zeros.
        let mut payload = vec![0; 4 + length];
        stream.read_exact(&mut payload)?;
        match header[0] & 0x0f {
            1 if ponged || texts == 0 => {
                texts += 1;
                hall.lock().tell_all(&payload[4..], fault);
            }
            10 if &payload[4..] == b"ping" => ponged = true,
            // Whoever does not answer the ping is not listened to.
            _ => return stream.shutdown(Shutdown::Both),
        }
    }
}

impl Hall {
    fn tell_all(&mut self, text: &[u8], fault: Fault) {
        let deliveries = &mut self.deliveries;
        for member in &mut self.members {
            *deliveries += 1;
            // A member that has left hears nothing.
            let _ = member.tell(text, fault, *deliveries);
        }
    }
}

impl Member {
    fn tell(&mut self, text: &[u8], fault: Fault, number: u64) -> io::Result<()> {
        let is_its_turn = |every: u64| number.is_multiple_of(every);
        match fault {
            Fault::Drop(every) if is_its_turn(every) => {}
            Fault::Double(every) if is_its_turn(every) => {
                // In one write, so that nothing comes between them.
                self.stream.write_all(&[framed(text), framed(text)].concat())?;
            }
            Fault::Swap(every) if is_its_turn(every) && self.held.is_none() => {
                self.held = Some(text.to_vec());
            }
            Fault::Stray(every) if is_its_turn(every) => {
                let mut stray = text.to_vec();
                // The mark's room.
                stray[11] = b'p';
                self.say(&stray)?;
                self.say(text)?;
            }
            Fault::Cut(every) if is_its_turn(every) => self.say(&text[..text.len() - 1])?,
            Fault::Close(after) if number == after => self.stream.write_all(&[0x88, 2, 0x03, 0xf3])?,
            _ => self.say(text)?,
        }
        if self.held.as_ref().is_some_and(|held| held != text)
            && let Some(held) = self.held.take()
        {
            self.say(&held)?;
        }
        Ok(())
    }

    fn say(&mut self, text: &[u8]) -> io::Result<()> {
        self.stream.write_all(&framed(text))
    }
}

fn framed(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame::put_header(&mut bytes, Opcode::Text, text.len());
    // A server does not mask: without the bit, and the four bytes.
    bytes[1] &= 0x7f;
    bytes.truncate(bytes.len() - 4);
    bytes.extend_from_slice(text);
    bytes
}
