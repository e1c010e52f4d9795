//! How many messages are under way in each room: the next one leaves when one has reached everybody.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

use crate::room::{DEADLINE, RoomError};

/// Rooms, members of each, and messages under way in each.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// How many rooms.
    pub rooms: usize,
    /// How many members a room has.
    pub members: usize,
    /// How many messages are under way in a room.
    pub window: usize,
}

/// Counts what clients read, and lets as many messages leave.
#[derive(Debug)]
pub struct Flow {
    /// Of one message to one member.
    frame: u64,
    shape: Shape,
    rooms: Box<[Room]>,
    /// Rooms that have got everything.
    complete: AtomicU64,
    all: Notify,
    /// Processor time of the thread that reads, in nanoseconds.
    clients_cpu: AtomicU64,
}

#[derive(Debug)]
struct Room {
    permits: Semaphore,
    /// Bytes, all members together.
    read: AtomicU64,
    expected: AtomicU64,
}

impl Flow {
    /// Nothing is under way; `frame` is what a message is to a client, in bytes.
    #[must_use]
    pub fn new(shape: Shape, frame: usize) -> Arc<Self> {
        let room = || Room {
            permits: Semaphore::new(shape.window),
            read: AtomicU64::new(0),
            expected: AtomicU64::new(0),
        };
        Arc::new(Self {
            frame: frame as u64,
            shape,
            rooms: std::iter::repeat_with(room).take(shape.rooms).collect(),
            complete: AtomicU64::new(0),
            all: Notify::new(),
            clients_cpu: AtomicU64::new(0),
        })
    }

    /// Announces so many messages to each room.
    pub fn expect(&self, messages: u64) {
        self.complete.store(0, SeqCst);
        for room in &self.rooms {
            room.expected.fetch_add(messages * self.of_one(), SeqCst);
        }
    }

    /// Waits until another message may leave for a room.
    pub async fn ready(&self, room: usize) {
        let permit = self.rooms[room].permits.acquire().await;
        permit.expect("it is never closed").forget();
    }

    /// Waits until everybody has everything.
    ///
    /// # Errors
    /// [`RoomError::Deadline`].
    pub async fn arrived(&self) -> Result<(), RoomError> {
        let all = async {
            while self.complete.load(SeqCst) < self.rooms.len() as u64 {
                self.all.notified().await;
            }
        };
        tokio::time::timeout(DEADLINE, all)
            .await
            .map_err(|_| RoomError::Deadline)
    }

    /// The reading thread's processor time, up to the last message.
    #[must_use]
    pub fn clients_cpu(&self) -> Duration {
        Duration::from_nanos(self.clients_cpu.load(SeqCst))
    }

    /// The reading thread got so many bytes for members of a room.
    pub(super) fn read(&self, room: usize, bytes: usize) {
        let room = &self.rooms[room];
        let before = room.read.fetch_add(bytes as u64, SeqCst);
        let now = before + bytes as u64;
        let messages = now / self.of_one() - before / self.of_one();
        if messages > 0 {
            room.permits.add_permits(messages as usize);
            if now == room.expected.load(SeqCst) {
                let cpu = super::thread_cpu().as_nanos();
                self.clients_cpu
                    .store(u64::try_from(cpu).unwrap_or(u64::MAX), SeqCst);
                self.complete.fetch_add(1, SeqCst);
                self.all.notify_one();
            }
        }
    }

    /// The shape.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The bytes of one message to a room.
    fn of_one(&self) -> u64 {
        self.frame * self.shape.members as u64
    }
}
