//! The bytes on their way to one client.
//!
//! Whoever sends writes to the socket at once, in its own thread, while nothing waits. What the
//! kernel does not take is queued, and the socket's driver writes it, many buffers in one call,
//! when the kernel has room. Nothing overtakes: while anything waits, everything queues behind it.
//!
//! A sender that has several messages at hand corks the queue: they wait for each other, and leave in
//! one write ([`Outbound::cork`]).
//!
//! Bounded, in bytes, by two marks:
//! - at the high-water mark messages are refused (`Full`): whoever sends waits, or drops, and at
//!   most the mark and one message wait here. Answers to pings are dropped.
//! - [`Outbound::deliver`] goes above it, for a sender that can neither wait nor drop, up to the
//!   cap; a client that would owe more is given up as a slow consumer.
//!
//! A close frame always has room, and ends the queue.

use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};
use parking_lot::Mutex;

use crate::clock::Tick;
use crate::stream::WriteHalf;

/// Buffers in one write; the kernel's own limit is 1024.
const MAX_SLICES: usize = 64;
/// A corked queue that holds so many bytes is written all the same.
const CORKED: usize = 16 * 1024;
/// A queue that was longer gives its memory back once it is empty.
const KEPT_SLOTS: usize = 16;

/// Why bytes were not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Above the high-water mark.
    Full,
    /// A close frame went before, or the client has gone.
    Closed,
    /// Above the cap: the client is too slow to be kept.
    Slow,
}

/// How far a queue has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Takes messages.
    Open,
    /// Its last frame is queued or written.
    Closing,
    /// Broken or given up: nothing is written any more.
    Dead,
}

/// See the module's documentation.
// In order of use, as its state and the socket are: a write to a socket without a backlog stays within two cache lines.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Outbound {
    state: Mutex<State>,
    high_water: Mark,
    cap: Mark,
}

/// Bytes, up to 4 GiB: half of what a `usize` costs each socket.
type Mark = u32;

#[derive(Debug)]
#[repr(C)]
struct State {
    stage: Stage,
    /// What comes is queued, and nobody is woken for it: whoever corked the queue writes it.
    corked: bool,
    /// The stream ends with the last byte.
    finishing: bool,
    /// Some of the first buffer is written, so that the rest has to follow.
    begun: bool,
    /// Last time the client took a byte from the queue, or the queue began to wait, or to close.
    moved: Tick,
    /// `None` before the handshake's response is written, and after the end. Dropping it sends FIN.
    stream: Option<WriteHalf>,
    /// The length of everything in `queue`: 0 only where that is empty, for no frame is.
    queued: usize,
    /// Senders that wait for room.
    senders: Senders,
    driver: Option<Waker>,
    queue: VecDeque<Bytes>,
}

/// Boxed, as hardly any socket has one.
type Senders = Option<Box<Vec<Waker>>>;

impl Outbound {
    /// A queue whose stream is still to come.
    pub(crate) fn new(high_water: usize, cap: usize) -> Self {
        Self {
            state: Mutex::new(State {
                stage: Stage::Open,
                corked: false,
                finishing: false,
                begun: false,
                moved: 0,
                stream: None,
                queued: 0,
                senders: None,
                driver: None,
                queue: VecDeque::new(),
            }),
            high_water: mark(high_water.max(1)),
            cap: mark(cap.max(high_water)),
        }
    }

    fn high_water(&self) -> usize {
        self.high_water as usize
    }

    /// Gives the queue its stream. Dead ones drop it.
    pub(crate) fn attach(&self, stream: WriteHalf) {
        let mut state = self.state.lock();
        if state.stage != Stage::Dead {
            state.stream = Some(stream);
        }
    }

    /// Has the processor fetch what a write needs, beside what the caller looks at first. Changes nothing.
    pub(crate) fn glance(&self) {
        std::hint::black_box(self.state.is_locked());
    }

    /// Writes or queues a message.
    pub(crate) fn push(&self, bytes: &Bytes, now: Tick) -> Result<(), Refused> {
        self.change(|state| {
            if state.stage != Stage::Open {
                return Err(Refused::Closed);
            }
            if state.queued >= self.high_water() {
                return Err(Refused::Full);
            }
            state.put(bytes, now);
            state.relieve(self.high_water(), now);
            Ok(())
        })
    }

    /// Writes or queues a message of a sender that can neither wait nor drop it. One that is longer
    /// than the cap still has its place where nothing else waits.
    pub(crate) fn deliver(&self, bytes: &Bytes, now: Tick) -> Result<(), Refused> {
        self.deliver_all(bytes, std::iter::once(bytes), now)
    }

    /// [`Outbound::deliver`] of several messages, `parts`, in one write: `joined` is all of them in
    /// one buffer. What has to wait does as messages of their own, which the cap counts one by one.
    pub(crate) fn deliver_all<'a>(
        &self,
        joined: &Bytes,
        parts: impl Iterator<Item = &'a Bytes>,
        now: Tick,
    ) -> Result<(), Refused> {
        self.change(|state| {
            if state.stage != Stage::Open {
                return Err(Refused::Closed);
            }
            let mut written = state.write(joined);
            if written == joined.len() || state.stage == Stage::Dead {
                return Ok(());
            }
            for part in parts {
                if written >= part.len() {
                    written -= part.len();
                    continue;
                }
                let length = part.len() - written;
                if !state.queue.is_empty() && length > (self.cap as usize).saturating_sub(state.queued) {
                    return Err(Refused::Slow);
                }
                state.enqueue(part, written, now);
                written = 0;
            }
            state.relieve(self.high_water(), now);
            Ok(())
        })
    }

    /// Holds back what comes from now on. Whoever calls it must [uncork](Self::uncork) before it
    /// waits for anything: nobody else does.
    pub(crate) fn cork(&self) {
        self.state.lock().corked = true;
    }

    /// Writes what was held back, in one call if the client takes it.
    pub(crate) fn uncork(&self, now: Tick) {
        self.change(|state| {
            if std::mem::take(&mut state.corked) {
                state.write_at_once(now);
            }
        });
    }

    /// Writes or queues pings and pongs, or drops them where they have no place any more.
    pub(crate) fn control(&self, bytes: &Bytes, now: Tick) {
        self.change(|state| {
            if state.stage == Stage::Open && state.queued < self.high_water() {
                state.put(bytes, now);
            }
        });
    }

    /// Writes or queues the last frame. Returns whether it was the first to close.
    pub(crate) fn close(&self, frame: &Bytes, now: Tick) -> bool {
        self.change(|state| state.close(frame, now))
    }

    /// [`Outbound::close`], in the place of what waits: a client that is too slow for it would be
    /// too slow for the frame behind it. What is half written is written to its end.
    pub(crate) fn cut_short(&self, frame: &Bytes, now: Tick) -> bool {
        self.change(|state| {
            if state.stage != Stage::Open {
                return false;
            }
            state.queue.truncate(usize::from(state.begun));
            state.queued = state.queue.iter().map(Bytes::len).sum();
            state.close(frame, now)
        })
    }

    /// Ends the stream once everything queued is written.
    pub(crate) fn finish(&self, now: Tick) {
        self.change(|state| {
            if state.stage == Stage::Open {
                state.stage = Stage::Closing;
                state.moved = now;
            }
            state.finishing = true;
            if state.queue.is_empty() && state.stream.as_ref().is_some_and(WriteHalf::ends_by_drop) {
                state.stream = None;
            }
        });
    }

    /// Gives the client up; what waits for it is dropped.
    pub(crate) fn kill(&self) {
        self.change(State::die);
    }

    /// The driver's turn: writes what waits, as far as the client takes it. The driver is woken when
    /// there is more to do, and when the stage changes.
    pub(crate) fn drive(&self, cx: &mut Context<'_>, now: Tick) -> Stage {
        self.change(|state| {
            match &state.driver {
                Some(waker) if waker.will_wake(cx.waker()) => {}
                _ => state.driver = Some(cx.waker().clone()),
            }
            state.write_queue(cx, now);
            state.stage
        })
    }

    /// Ready when `push` would not say `Full`.
    pub(crate) fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.stage != Stage::Open || state.queued < self.high_water() {
            return Poll::Ready(());
        }
        let senders = state.senders.get_or_insert_default();
        if !senders.iter().any(|waker| waker.will_wake(cx.waker())) {
            senders.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Whether the stream has ended: everything is written, or never will be.
    pub(crate) fn is_over(&self) -> bool {
        self.state.lock().is_over()
    }

    pub(crate) fn stage(&self) -> Stage {
        self.state.lock().stage
    }

    /// Whether `push` would say `Full`.
    pub(crate) fn is_full(&self) -> bool {
        let state = self.state.lock();
        state.stage == Stage::Open && state.queued >= self.high_water()
    }

    /// The stage, and since when the client owes us something: to take what waits for it, or, once
    /// the queue is closing, to close as well.
    pub(crate) fn owes_since(&self) -> (Stage, Option<Tick>) {
        let state = self.state.lock();
        let owes = match state.stage {
            Stage::Open => !state.queue.is_empty(),
            Stage::Closing => true,
            Stage::Dead => false,
        };
        (state.stage, owes.then_some(state.moved))
    }

    /// Has the driver look at its socket.
    pub(crate) fn wake_driver(&self) {
        let driver = self.state.lock().driver.take();
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    /// Bytes that wait for the client.
    pub(crate) fn queued(&self) -> usize {
        self.state.lock().queued
    }

    /// Changes the state, then wakes whom the change concerns, without the lock.
    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let (result, driver, senders) = {
            let mut state = self.state.lock();
            let (stage, waiting, over) = (state.stage, state.is_waiting(), state.is_over());
            let result = change(&mut state);
            let begins_to_wait = !waiting && state.is_waiting();
            let calls_driver = state.stage != stage || begins_to_wait || state.is_over() != over;
            let driver = if calls_driver { state.driver.take() } else { None };
            let room = state.stage != Stage::Open || state.queued < self.high_water();
            let senders = if room { state.senders.take() } else { None };
            (result, driver, senders)
        };
        driver.into_iter().for_each(Waker::wake);
        senders
            .into_iter()
            .flat_map(|senders| *senders)
            .for_each(Waker::wake);
        result
    }
}

impl State {
    /// Writes `bytes` now if nothing is before them; the rest is queued.
    fn put(&mut self, bytes: &Bytes, now: Tick) {
        let written = self.write(bytes);
        if written < bytes.len() && self.stage != Stage::Dead {
            self.enqueue(bytes, written, now);
        }
    }

    /// Writes as much of `bytes` as the client takes now: nothing if anything is before them.
    fn write(&mut self, bytes: &[u8]) -> usize {
        if self.corked || self.queued > 0 {
            return 0;
        }
        let Some(stream) = &self.stream else { return 0 };
        match stream.try_write(bytes) {
            Ok(written) => written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(_) => {
                self.die();
                0
            }
        }
    }

    /// Queues `bytes`, of which so many are written already.
    fn enqueue(&mut self, bytes: &Bytes, written: usize, now: Tick) {
        if self.queue.is_empty() {
            self.moved = now;
            self.begun = written > 0;
        }
        let rest = bytes.slice(written..);
        self.queued += rest.len();
        self.queue.push_back(rest);
    }

    /// A corked queue does not grow long, and never so long that a sender would have to wait.
    fn relieve(&mut self, high_water: usize, now: Tick) {
        if self.corked && self.queued >= high_water.min(CORKED) {
            self.write_at_once(now);
        }
    }

    /// Writes of the queue what the client takes now. What remains is the driver's.
    fn write_at_once(&mut self, now: Tick) {
        while !self.queue.is_empty() {
            let Some(stream) = &self.stream else { return };
            match slices(&self.queue, |slices| stream.try_write_vectored(slices)) {
                Ok(written) if written > 0 => {
                    self.moved = now;
                    self.advance(written);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => self.die(),
            }
        }
        if self.queue.capacity() > KEPT_SLOTS {
            self.queue = VecDeque::new();
        }
    }

    /// Whether anything waits for the driver.
    fn is_waiting(&self) -> bool {
        !self.corked && self.queued > 0
    }

    /// Whether it was the first to close.
    fn close(&mut self, frame: &Bytes, now: Tick) -> bool {
        let first = self.stage == Stage::Open;
        if first {
            self.put(frame, now);
            if self.stage == Stage::Open {
                self.stage = Stage::Closing;
                self.moved = now;
            }
        }
        first
    }

    fn write_queue(&mut self, cx: &mut Context<'_>, now: Tick) {
        while !self.queue.is_empty() {
            let Some(stream) = &mut self.stream else { return };
            match slices(&self.queue, |slices| stream.poll_write_vectored(cx, slices)) {
                Poll::Pending => return,
                Poll::Ready(Ok(written)) => {
                    self.moved = now;
                    self.advance(written);
                }
                Poll::Ready(Err(_)) => self.die(),
            }
        }
        if let Some(stream) = &mut self.stream
            && matches!(stream.poll_flush(cx), Poll::Ready(Err(_)))
        {
            self.die();
        }
        if self.queue.capacity() > KEPT_SLOTS {
            self.queue = VecDeque::new();
        }
        self.end_if_written(cx);
    }

    fn advance(&mut self, mut written: usize) {
        self.queued -= written;
        while let Some(first) = self.queue.front_mut() {
            if written < first.len() {
                first.advance(written);
                self.begun |= written > 0;
                return;
            }
            written -= first.len();
            self.queue.pop_front();
            self.begun = false;
        }
    }

    fn end_if_written(&mut self, cx: &mut Context<'_>) {
        if self.finishing
            && self.queue.is_empty()
            && let Some(stream) = &mut self.stream
            && stream.poll_end(cx).is_ready()
        {
            self.stream = None;
        }
    }

    fn is_over(&self) -> bool {
        self.stage == Stage::Dead || self.finishing && self.stream.is_none()
    }

    fn die(&mut self) {
        self.stage = Stage::Dead;
        self.stream = None;
        self.queue = VecDeque::new();
        self.queued = 0;
    }
}

fn mark(bytes: usize) -> Mark {
    Mark::try_from(bytes).unwrap_or(Mark::MAX)
}

/// The first buffers of the queue, for one write.
fn slices<R>(queue: &VecDeque<Bytes>, write: impl FnOnce(&[IoSlice<'_>]) -> R) -> R {
    let mut slices = [IoSlice::new(&[]); MAX_SLICES];
    let mut count = 0;
    for (slice, bytes) in slices.iter_mut().zip(queue) {
        *slice = IoSlice::new(bytes);
        count += 1;
    }
    write(&slices[..count])
}

#[cfg(test)]
mod tests;
