//! The bounded event queue between a WebSocket's reader and its application.
//!
//! Idle it costs one small allocation, which is why it is not a general-purpose channel: those
//! allocate a block of slots for every socket, idle or not.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use laureola_message::Str;
use parking_lot::Mutex;

use crate::event::Event;
use crate::receive::EventSource;

/// Makes a queue that holds at most `capacity` events (at least one).
///
/// When it is full, [`EventSender::send`] waits: the server stops reading from the socket, and TCP
/// tells the client. A disconnect always has room, so it is never late.
#[must_use]
pub fn event_queue(capacity: usize) -> (EventSender, EventReceiver) {
    let shared = Arc::new(Mutex::new(Shared {
        first: None,
        behind: VecDeque::new(),
        capacity: capacity.max(1),
        receiver: None,
        sender: None,
        receiver_gone: false,
        sender_gone: false,
    }));
    (
        EventSender(Arc::clone(&shared)),
        EventReceiver {
            shared,
            disconnect: None,
        },
    )
}

struct Shared {
    /// The next event: mostly there is one at a time, which needs no buffer.
    first: Option<Event>,
    /// Those behind it; without memory while there are none.
    behind: VecDeque<Event>,
    capacity: usize,
    receiver: Option<Waker>,
    sender: Option<Waker>,
    receiver_gone: bool,
    sender_gone: bool,
}

impl Shared {
    fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.behind.len()
    }

    fn push(&mut self, event: Event) {
        match self.first {
            None => self.first = Some(event),
            Some(_) => self.behind.push_back(event),
        }
    }

    fn pop(&mut self) -> Option<Event> {
        let next = self.behind.pop_front();
        if self.behind.is_empty() && self.behind.capacity() > 0 {
            self.behind = VecDeque::new();
        }
        std::mem::replace(&mut self.first, next)
    }
}

/// The server's end. When it is dropped without a disconnect, the receiver sees code 1006.
#[derive(Debug)]
pub struct EventSender(Arc<Mutex<Shared>>);

impl EventSender {
    /// Queues `event`; waits while the queue is full. A disconnect never waits.
    ///
    /// Returns whether an application is still there to read it.
    pub async fn send(&self, event: Event) -> bool {
        let mut event = Some(event);
        poll_fn(|cx| self.poll_send(cx, &mut event)).await
    }

    /// Takes `event` if there is room, or wakes the task when there is: [`EventSender::send`], for
    /// a server that watches its client meanwhile.
    pub fn poll_send(&self, cx: &mut Context<'_>, event: &mut Option<Event>) -> Poll<bool> {
        let mut shared = self.0.lock();
        if shared.receiver_gone {
            return Poll::Ready(false);
        }
        let full = shared.len() >= shared.capacity;
        if full && !event.as_ref().is_some_and(Event::is_disconnect) {
            shared.sender = Some(cx.waker().clone());
            return Poll::Pending;
        }
        event.take().into_iter().for_each(|event| shared.push(event));
        let waker = shared.receiver.take();
        drop(shared);
        if let Some(waker) = waker {
            waker.wake();
        }
        Poll::Ready(true)
    }

    /// The last event, for which there is always room.
    pub fn disconnect(self, code: u16, reason: Str) {
        let mut event = Some(Event::WebSocketDisconnect { code, reason });
        let _ = self.poll_send(&mut Context::from_waker(Waker::noop()), &mut event);
    }
}

impl Drop for EventSender {
    fn drop(&mut self) {
        let waker = {
            let mut shared = self.0.lock();
            shared.sender_gone = true;
            shared.receiver.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// The application's end, to be put behind a [`Receiver`](crate::Receiver).
#[derive(Debug)]
pub struct EventReceiver {
    shared: Arc<Mutex<Shared>>,
    /// The disconnect, once it has come: it is yielded for ever after.
    disconnect: Option<(u16, Str)>,
}

impl EventSource for EventReceiver {
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Event> {
        if let Some((code, reason)) = &self.disconnect {
            return Poll::Ready(Event::WebSocketDisconnect {
                code: *code,
                reason: reason.clone(),
            });
        }
        let mut shared = self.shared.lock();
        let event = match shared.pop() {
            Some(event) => event,
            None if shared.sender_gone => Event::WebSocketDisconnect {
                code: 1006,
                reason: Str::default(),
            },
            None => {
                shared.receiver = Some(cx.waker().clone());
                return Poll::Pending;
            }
        };
        let waker = shared.sender.take();
        drop(shared);
        if let Some(waker) = waker {
            waker.wake();
        }
        if let Event::WebSocketDisconnect { code, reason } = &event {
            self.disconnect = Some((*code, reason.clone()));
        }
        Poll::Ready(event)
    }
}

impl Drop for EventReceiver {
    fn drop(&mut self) {
        let (waker, events) = {
            let mut shared = self.shared.lock();
            shared.receiver_gone = true;
            let events = (shared.first.take(), std::mem::take(&mut shared.behind));
            (shared.sender.take(), events)
        };
        drop(events);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventQueue")
            .field("waiting", &self.len())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receive::Receiver;

    fn text(event: Event) -> String {
        match event {
            Event::WebSocketReceive(payload) => payload.as_text().unwrap_or_default().to_owned(),
            other => format!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_full_queue_makes_the_server_wait_and_keeps_the_order() {
        let (sender, receiver) = event_queue(2);
        let mut receiver = Receiver::new(receiver);
        let server = tokio::spawn(async move {
            for number in 0..100 {
                assert!(
                    sender
                        .send(Event::WebSocketReceive(number.to_string().into()))
                        .await
                );
            }
        });
        for number in 0..100 {
            assert_eq!(text(receiver.next().await), number.to_string());
        }
        server.await.expect("the server ends");
    }

    #[tokio::test]
    async fn a_disconnect_has_room_in_a_full_queue_and_stays() {
        let (sender, receiver) = event_queue(1);
        let mut receiver = Receiver::new(receiver);
        assert!(sender.send(Event::WebSocketConnect).await);
        assert!(
            sender
                .send(Event::WebSocketDisconnect {
                    code: 1001,
                    reason: "bye".into()
                })
                .await
        );
        assert!(matches!(receiver.next().await, Event::WebSocketConnect));
        for _ in 0..2 {
            assert!(matches!(
                receiver.next().await,
                Event::WebSocketDisconnect { code: 1001, .. }
            ));
        }
    }

    #[tokio::test]
    async fn a_lost_server_is_a_disconnect_and_a_lost_application_is_told() {
        let (sender, receiver) = event_queue(1);
        drop(sender);
        let mut receiver = Receiver::new(receiver);
        assert!(matches!(
            receiver.next().await,
            Event::WebSocketDisconnect { code: 1006, .. }
        ));

        let (sender, receiver) = event_queue(1);
        drop(receiver);
        assert!(!sender.send(Event::WebSocketConnect).await);
    }
}
