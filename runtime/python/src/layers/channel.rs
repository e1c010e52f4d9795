//! A channel that this process receives from, and who waits at it.
//!
//! A message stays in the mailbox until a receiver's own event loop takes it out: one that gives up
//! before loses nothing, and a loop that closes holds nothing back.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use laureola_layers::mailbox::Received;
use laureola_layers::relay::Relay;
use laureola_layers::{Channel, ChannelName, GroupName, Mailbox};
use laureola_message::Delivery;
use parking_lot::Mutex;
use pyo3::prelude::*;
use tokio::time::Instant;

use super::event_loop::{Event, EventLoop, Ticket, Wakeup};
use super::notices::Notices;

/// A channel and its receivers.
pub(super) struct LocalChannel {
    name: ChannelName,
    kind: Kind,
    notices: Arc<Notices>,
    /// The loops in which somebody waits, each once. A lock of its own, under which only their queues'
    /// are taken: a mailbox wakes its receivers from anywhere, also from within a look at another one.
    bell: Mutex<Vec<Arc<Wakeup>>>,
    inner: Mutex<Inner>,
}

/// Whose messages a channel brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// This process's.
    Own,
    /// Those of every process that receives from it: what nobody here waits for belongs to others.
    Plain,
}

struct Inner {
    /// `None` once it has closed.
    mailbox: Option<Mailbox>,
    /// Takes what its receivers need not see.
    relay: Option<Arc<dyn Relay>>,
    /// Leaves the layer's directory when it is dropped. A plain channel has none.
    guard: Option<Channel>,
    groups: HashSet<GroupName>,
    /// Messages that a receiver had and did not keep, in front of those in the mailbox.
    returned: VecDeque<Arc<Delivery>>,
    waiters: VecDeque<Waiter>,
    /// Since when nobody waits.
    idle_since: Instant,
    /// Whether the last one who waited gave up.
    given_up: bool,
}

struct Waiter {
    ticket: Ticket,
    wakeup: Arc<Wakeup>,
}

/// What a receiver finds.
#[derive(Debug)]
pub(super) enum Look {
    /// A message.
    Message(Arc<Delivery>),
    /// None yet.
    Nothing,
    /// The channel has closed meanwhile.
    Closed,
}

/// What is left of a channel that closed.
#[derive(Debug)]
pub(super) struct Closed {
    pub(super) name: ChannelName,
    pub(super) kind: Kind,
    pub(super) groups: HashSet<GroupName>,
    pub(super) returned: VecDeque<Arc<Delivery>>,
    /// To be dropped after the groups were left.
    pub(super) guard: Option<Channel>,
    pub(super) mailbox: Option<Mailbox>,
}

impl LocalChannel {
    pub(super) fn new(
        name: ChannelName,
        mailbox: Mailbox,
        guard: Option<Channel>,
        kind: Kind,
        notices: Arc<Notices>,
    ) -> Arc<Self> {
        Arc::new(Self {
            name,
            kind,
            notices,
            bell: Mutex::default(),
            inner: Mutex::new(Inner {
                mailbox: Some(mailbox),
                relay: None,
                guard,
                groups: HashSet::new(),
                returned: VecDeque::new(),
                waiters: VecDeque::new(),
                idle_since: Instant::now(),
                given_up: false,
            }),
        })
    }

    pub(super) fn name(&self) -> &ChannelName {
        &self.name
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn is_open(&self) -> bool {
        self.inner.lock().mailbox.is_some()
    }

    pub(super) fn is_waited_for(&self) -> bool {
        !self.inner.lock().waiters.is_empty()
    }

    /// It is in this group as far as this process knows.
    pub(super) fn joined(&self, group: GroupName) {
        self.inner.lock().groups.insert(group);
    }

    pub(super) fn left(&self, group: &GroupName) {
        self.inner.lock().groups.remove(group);
    }

    /// Has `relay` take what it can, what waits already first. False where it has closed, and for a channel that
    /// receivers of other processes share.
    pub(super) fn relay(&self, relay: Arc<dyn Relay>) -> bool {
        let mut inner = self.inner.lock();
        match (&mut inner.mailbox, self.kind) {
            (Some(mailbox), Kind::Own) => mailbox.set_relay(Arc::clone(&relay)),
            _ => return false,
        }
        inner.relay = Some(relay);
        true
    }

    /// A message that waits already, unless others came before for the next one.
    pub(super) fn try_take(&self) -> Look {
        let mut inner = self.inner.lock();
        if !inner.waiters.is_empty() {
            return Look::Nothing;
        }
        let found = match inner.returned.pop_front() {
            Some(delivery) => Some(delivery),
            None => match &mut inner.mailbox {
                Some(mailbox) => mailbox.try_recv(),
                None => return Look::Closed,
            },
        };
        let Some(delivery) = found else {
            return Look::Nothing;
        };
        inner.rest(false);
        Look::Message(delivery)
    }

    /// Joins those who wait. A message that has come meanwhile goes to the first of them, by its loop.
    pub(super) fn wait(self: &Arc<Self>, ticket: Ticket, wakeup: &Arc<Wakeup>) -> Look {
        let mut inner = self.inner.lock();
        if inner.mailbox.is_none() {
            return Look::Closed;
        }
        self.enter(&mut inner, ticket, wakeup);
        let Some(delivery) = inner.poll(self) else {
            return Look::Nothing;
        };
        if inner.waiters.len() == 1 {
            self.leave(&mut inner, 0, false);
            return Look::Message(delivery);
        }
        inner.returned.push_front(delivery);
        drop(inner);
        self.ring();
        Look::Nothing
    }

    /// No longer waits. False if it was served already.
    pub(super) fn give_up(&self, ticket: Ticket, wakeup: &Arc<Wakeup>) -> bool {
        let mut inner = self.inner.lock();
        let found = inner.position(|waiter| waiter.ticket == ticket && Arc::ptr_eq(&waiter.wakeup, wakeup));
        let Some(at) = found else {
            return false;
        };
        self.leave(&mut inner, at, true);
        true
    }

    /// Takes back a message that its receiver did not get to see.
    pub(super) fn put_back(self: &Arc<Self>, delivery: Arc<Delivery>) {
        self.inner.lock().returned.push_front(delivery);
        self.ring();
    }

    /// In the loop's thread: hands out what there is to those who wait in it. Where the channel has
    /// closed they are sent off, to open it again.
    pub(super) fn serve(self: &Arc<Self>, event_loop: &Bound<'_, EventLoop>) {
        let here = event_loop.get();
        loop {
            let mut inner = self.inner.lock();
            let Some(at) = inner.position(|waiter| Arc::ptr_eq(&waiter.wakeup, here.wakeup())) else {
                return;
            };
            let Some(delivery) = inner.poll(self) else {
                if inner.mailbox.is_some() {
                    return;
                }
                let ticket = self.leave(&mut inner, at, false);
                drop(inner);
                here.send_off(event_loop.py(), ticket);
                continue;
            };
            let ticket = self.leave(&mut inner, at, false);
            drop(inner);
            if !here.deliver(event_loop.py(), ticket, &delivery) {
                self.put_back(delivery);
            }
        }
    }

    /// For how long nobody has waited, and whether the last one gave up.
    pub(super) fn idle(&self, now: Instant) -> Option<(std::time::Duration, bool)> {
        let inner = self.inner.lock();
        let idle = inner
            .waiters
            .is_empty()
            .then(|| now.saturating_duration_since(inner.idle_since));
        idle.map(|idle| (idle, inner.given_up))
    }

    /// Ends it, unless somebody waits. The caller has to leave the groups.
    pub(super) fn close(&self) -> Option<Closed> {
        let mut inner = self.inner.lock();
        inner.waiters.is_empty().then(|| inner.close(self))
    }

    /// Ends it whoever waits. The caller opens it [again](Self::open_again), or [sends](Self::ring) those
    /// who wait off.
    pub(super) fn interrupt(&self) -> Closed {
        self.inner.lock().close(self)
    }

    /// Receives from another mailbox.
    pub(super) fn open_again(self: &Arc<Self>, mut mailbox: Mailbox, guard: Channel) {
        let mut inner = self.inner.lock();
        if let Some(relay) = &inner.relay {
            mailbox.set_relay(Arc::clone(relay));
        }
        inner.mailbox = Some(mailbox);
        inner.guard = Some(guard);
        drop(inner);
        // They look, and wait at the new one.
        self.ring();
    }

    fn enter(&self, inner: &mut Inner, ticket: Ticket, wakeup: &Arc<Wakeup>) {
        inner.waiters.push_back(Waiter {
            ticket,
            wakeup: Arc::clone(wakeup),
        });
        let mut bell = self.bell.lock();
        if !bell.iter().any(|known| Arc::ptr_eq(known, wakeup)) {
            bell.push(Arc::clone(wakeup));
        }
    }

    /// Takes one who waits out; `given_up`: without a message.
    fn leave(&self, inner: &mut Inner, at: usize, given_up: bool) -> Ticket {
        let waiter = inner.waiters.remove(at).expect("the caller has found it there");
        let is_of_its_loop = |other: &Waiter| Arc::ptr_eq(&other.wakeup, &waiter.wakeup);
        if !inner.waiters.iter().any(is_of_its_loop) {
            self.bell
                .lock()
                .retain(|wakeup| !Arc::ptr_eq(wakeup, &waiter.wakeup));
        }
        if inner.waiters.is_empty() {
            inner.rest(given_up);
        }
        waiter.ticket
    }

    /// Tells those who wait to look. False if there are none.
    pub(super) fn ring(self: &Arc<Self>) -> bool {
        let bell = self.bell.lock();
        for wakeup in &*bell {
            wakeup.push(Event::Ready(Arc::clone(self)));
        }
        !bell.is_empty()
    }
}

/// The mailbox has something.
impl Wake for LocalChannel {
    fn wake(self: Arc<Self>) {
        if self.ring() || self.kind == Kind::Own {
            return;
        }
        // Nobody waits any more: back where it came from, for another process. Somebody who holds the
        // lock is about to wait, and looks, or has just left, and then the next sweep finds it.
        let unwanted = self.inner.try_lock().and_then(|mut inner| {
            let unwanted = inner.waiters.is_empty() && inner.returned.is_empty();
            unwanted.then(|| inner.mailbox.take())
        });
        drop(unwanted);
    }
}

impl Inner {
    /// The next message. If there is none, `channel` is woken by the next one.
    fn poll(&mut self, channel: &Arc<LocalChannel>) -> Option<Arc<Delivery>> {
        if let Some(delivery) = self.returned.pop_front() {
            return Some(delivery);
        }
        let mailbox = self.mailbox.as_mut()?;
        let waker = Waker::from(Arc::clone(channel));
        let mut context = Context::from_waker(&waker);
        loop {
            match mailbox.poll_next(&mut context) {
                Poll::Ready(Received::Delivery(delivery)) => return Some(delivery),
                Poll::Ready(Received::Notice(notice)) => {
                    if let Some(delivery) = channel.notices.message(notice) {
                        return Some(delivery);
                    }
                }
                Poll::Pending => return None,
            }
        }
    }

    fn position(&self, is: impl Fn(&Waiter) -> bool) -> Option<usize> {
        self.waiters.iter().position(is)
    }

    fn rest(&mut self, given_up: bool) {
        self.idle_since = Instant::now();
        self.given_up = given_up;
    }

    fn close(&mut self, channel: &LocalChannel) -> Closed {
        Closed {
            name: channel.name.clone(),
            kind: channel.kind,
            groups: std::mem::take(&mut self.groups),
            returned: std::mem::take(&mut self.returned),
            guard: self.guard.take(),
            mailbox: self.mailbox.take(),
        }
    }
}

impl fmt::Debug for LocalChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalChannel")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
