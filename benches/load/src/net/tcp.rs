//! The loop.

use std::collections::VecDeque;
use std::io::{self, Read as _};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Interest, Poll, Registry, Token};

use super::link::{Link, Phase};
use super::socket::{Opening, is_open};
use super::timer::Timer;
use super::{Gone, Handler, Io};

const TIMER: Token = Token(usize::MAX);
/// What one read takes at most; it grows for a frame that is longer.
const BUFFER: usize = 64 * 1024;
/// Shorter waits than this are kept to the microsecond.
const PRECISE: Duration = Duration::from_millis(10);
/// The kernel's buffer of a client that does not read, so that what it leaves waits at the server.
const SMALL_RECEIVE_BUFFER: usize = 4096;

/// How connections are opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The servers: connection `id` goes to number `id` modulo their count.
    pub servers: Vec<SocketAddr>,
    /// This machine's addresses, in turn; empty: the kernel's choice.
    pub sources: Vec<IpAddr>,
    /// So many are being opened at a time.
    pub concurrency: usize,
    /// A connection that is not ready after this time has failed.
    pub timeout: Duration,
    /// Connections from this one on do not read: see [`Tcp::read_some`].
    pub deaf_from: usize,
}

/// All connections.
#[derive(Debug)]
pub struct Tcp {
    poll: Poll,
    events: Events,
    timer: Timer,
    links: Links,
}

#[derive(Debug)]
struct Links {
    registry: Registry,
    links: Vec<Link>,
    io: Io,
    buffer: Vec<u8>,
    options: Options,
    to_open: VecDeque<usize>,
    connecting: usize,
    ready: usize,
}

impl Tcp {
    /// Room for `connections`, none of them opened.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn new(connections: usize, options: Options) -> io::Result<Self> {
        let poll = Poll::new()?;
        let timer = Timer::new(poll.registry(), TIMER)?;
        Ok(Self {
            events: Events::with_capacity(1024),
            timer,
            links: Links {
                registry: poll.registry().try_clone()?,
                links: (0..connections).map(|_| Link::new()).collect(),
                io: Io::new(connections),
                buffer: vec![0; BUFFER],
                options,
                to_open: VecDeque::new(),
                connecting: 0,
                ready: 0,
            },
            poll,
        })
    }

    /// Its outgoing side and clock.
    pub fn io(&mut self) -> &mut Io {
        &mut self.links.io
    }

    /// How many are ready now.
    #[must_use]
    pub fn ready(&self) -> usize {
        self.links.ready
    }

    /// How many are on their way to be.
    #[must_use]
    pub fn opening(&self) -> usize {
        self.links.connecting + self.links.to_open.len() + self.links.io.opening.len()
    }

    /// One turn; waits up to `wait` for something to happen.
    ///
    /// # Errors
    /// What the poll says. What goes wrong with a connection is its handler's to hear.
    pub fn turn(&mut self, handler: &mut impl Handler, wait: Duration) -> io::Result<()> {
        self.links.finish(handler);
        // The poll rounds up to milliseconds; whoever waits for less than a whole turn has something to do then.
        let wait = if wait < PRECISE && !wait.is_zero() {
            self.timer.set(wait)?;
            PRECISE * 2
        } else {
            wait
        };
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        self.links.io.look();
        for event in &self.events {
            if event.token() != TIMER {
                self.links.event(event, handler);
            }
        }
        self.links.finish(handler);
        Ok(())
    }

    /// Ends the connections that have not become ready in time.
    pub fn sweep(&mut self, handler: &mut impl Handler) {
        let timeout = self.links.options.timeout;
        for id in 0..self.links.links.len() {
            let link = &self.links.links[id];
            if link.is_connecting() && link.since.elapsed() > timeout {
                self.links.end(id, Gone::Timeout, handler);
            }
        }
    }

    /// Reads up to `bytes` of connection `id`, one that does not read by itself, and throws them away.
    /// Returns `false` once it has ended.
    pub fn read_some(&mut self, id: usize, bytes: usize) -> bool {
        let links = &mut self.links;
        let Some(stream) = &mut links.links[id].stream else {
            return false;
        };
        let limit = bytes.min(links.buffer.len());
        match stream.read(&mut links.buffer[..limit]) {
            Ok(0) => limit == 0,
            Ok(_) => true,
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        }
    }
}

impl Links {
    fn event(&mut self, event: &Event, handler: &mut impl Handler) {
        let id = event.token().0;
        if self.links[id].phase == Phase::Absent {
            return;
        }
        if self.links[id].phase == Phase::Connecting && !self.connected(id, handler) {
            return;
        }
        if event.is_writable() && !self.io.waiting(id).is_empty() {
            self.io.dirty.push(id);
        }
        if event.is_readable() || event.is_read_closed() {
            let outcome = if self.links[id].reads {
                self.read(id, event.is_read_closed(), handler)
            } else if event.is_read_closed() {
                Err(Gone::Closed)
            } else {
                Ok(())
            };
            if let Err(why) = outcome {
                self.end(id, why, handler);
            }
        }
    }

    /// Whether a connection that had begun is open now.
    fn connected(&mut self, id: usize, handler: &mut impl Handler) -> bool {
        let link = &mut self.links[id];
        let open = link.stream.as_ref().map_or(Ok(false), is_open);
        match open {
            Ok(true) => {
                link.phase = Phase::Open;
                handler.opened(id, &mut self.io);
                true
            }
            Ok(false) => false,
            Err(error) => {
                self.end(id, error.into(), handler);
                false
            }
        }
    }

    /// Reads until nothing is left. A read that does not fill the buffer was the last one, unless the end has
    /// come as well.
    fn read(&mut self, id: usize, to_the_end: bool, handler: &mut impl Handler) -> Result<(), Gone> {
        loop {
            let link = &mut self.links[id];
            let Some(stream) = &mut link.stream else {
                return Ok(());
            };
            let kept = link.rest.len();
            if self.buffer.len() < kept + BUFFER / 2 {
                self.buffer.resize(2 * self.buffer.len(), 0);
            }
            self.buffer[..kept].copy_from_slice(&link.rest);
            let filled = match stream.read(&mut self.buffer[kept..]) {
                Ok(0) => return Err(Gone::Closed),
                Ok(count) => kept + count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            link.rest.clear();
            self.io.look();
            let taken = handler.received(id, &self.buffer[..filled], &mut self.io)?;
            if taken < filled {
                self.links[id].rest.extend_from_slice(&self.buffer[taken..filled]);
            }
            if filled < self.buffer.len() && !to_the_end {
                return Ok(());
            }
        }
    }

    /// What the handler left behind: bytes to write, connections to close, to open, and those that are ready.
    fn finish(&mut self, handler: &mut impl Handler) {
        while let Some(id) = self.io.dirty.pop() {
            if matches!(self.links[id].phase, Phase::Open | Phase::Ready) {
                let written = self.links[id].write(self.io.waiting(id));
                if let Err(error) = written {
                    self.end(id, error.into(), handler);
                }
            }
        }
        while let Some(id) = self.io.ready.pop() {
            if self.links[id].phase == Phase::Open {
                self.links[id].phase = Phase::Ready;
                self.links[id].reads = id < self.options.deaf_from;
                self.connecting -= 1;
                self.ready += 1;
            }
        }
        while let Some(id) = self.io.closing.pop() {
            self.close(id);
        }
        self.to_open.extend(self.io.opening.drain(..));
        while self.connecting < self.options.concurrency {
            let Some(id) = self.to_open.pop_front() else {
                break;
            };
            self.begin(id, handler);
        }
    }

    fn begin(&mut self, id: usize, handler: &mut impl Handler) {
        let options = &self.options;
        let opening = Opening {
            to: options.servers[id % options.servers.len()],
            from: (!options.sources.is_empty()).then(|| options.sources[id % options.sources.len()]),
            receive_buffer: (id >= options.deaf_from).then_some(SMALL_RECEIVE_BUFFER),
        };
        let interest = Interest::READABLE | Interest::WRITABLE;
        let begun = opening.begin().and_then(|mut stream| {
            self.registry.register(&mut stream, Token(id), interest)?;
            Ok(stream)
        });
        match begun {
            Ok(stream) => {
                let link = &mut self.links[id];
                link.stream = Some(stream);
                link.phase = Phase::Connecting;
                link.since = Instant::now();
                self.connecting += 1;
                handler.begun(id, &mut self.io);
            }
            Err(error) => handler.gone(id, error.into(), &mut self.io),
        }
    }

    fn close(&mut self, id: usize) {
        let link = &mut self.links[id];
        self.connecting -= usize::from(link.is_connecting());
        self.ready -= usize::from(link.phase == Phase::Ready);
        link.end();
        self.io.waiting(id).clear();
    }

    fn end(&mut self, id: usize, why: Gone, handler: &mut impl Handler) {
        self.close(id);
        handler.gone(id, why, &mut self.io);
    }
}
