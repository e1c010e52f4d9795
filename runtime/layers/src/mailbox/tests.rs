use super::*;
use laureola_message::Message;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Wake;
use std::time::Duration;

fn delivery(number: i64) -> Arc<Delivery> {
    let message = Message::new(&std::collections::BTreeMap::from([("n", number)])).expect("a map");
    Arc::new(Delivery::new(message))
}

fn number(delivery: &Arc<Delivery>) -> i64 {
    delivery
        .message()
        .value()
        .get("n")
        .and_then(laureola_message::Value::as_i64)
        .expect("n")
}

#[tokio::test]
async fn deliveries_come_in_order() {
    let (sender, mut mailbox) = mailbox(10);
    let writer = tokio::spawn(async move {
        for n in 0..100 {
            while sender.push(delivery(n), Overflow::DropNewest, None) == Pushed::Full {
                tokio::task::yield_now().await;
            }
        }
    });
    for n in 0..100 {
        assert_eq!(number(&mailbox.recv().await), n);
    }
    writer.await.expect("no panic");
}

#[tokio::test]
async fn a_full_mailbox_refuses_the_newest_or_drops_the_oldest() {
    let (sender, mut mailbox) = mailbox(2);
    assert_eq!(
        sender.push(delivery(1), Overflow::DropNewest, None),
        Pushed::Queued
    );
    assert_eq!(
        sender.push(delivery(2), Overflow::DropNewest, None),
        Pushed::Queued
    );
    assert_eq!(sender.push(delivery(3), Overflow::DropNewest, None), Pushed::Full);
    assert_eq!(
        sender.push(delivery(4), Overflow::DropOldest, None),
        Pushed::DroppedOldest
    );
    assert_eq!(number(&mailbox.recv().await), 2);
    assert_eq!(number(&mailbox.recv().await), 4);
    assert!(mailbox.try_recv().is_none());
}

#[tokio::test(start_paused = true)]
async fn an_expired_delivery_is_never_received_and_makes_room() {
    let (sender, mut mailbox) = mailbox(1);
    let expires = Some(Instant::now() + Duration::from_secs(60));
    sender.push(delivery(1), Overflow::DropNewest, expires);
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(
        sender.push(delivery(2), Overflow::DropNewest, expires),
        Pushed::Queued
    );
    assert!(
        mailbox.try_recv().is_none(),
        "the second had expired when it came"
    );
    sender.push(delivery(3), Overflow::DropNewest, None);
    assert_eq!(number(&mailbox.recv().await), 3);
}

#[tokio::test]
async fn a_mailbox_without_a_receiver_takes_nothing() {
    let (sender, mailbox) = mailbox(1);
    drop(mailbox);
    assert!(!sender.is_received());
    assert_eq!(
        sender.push(delivery(1), Overflow::DropNewest, None),
        Pushed::Closed
    );
    assert!(sender.is_empty());
}

#[tokio::test]
async fn a_feeder_hears_when_a_delivery_is_wanted_and_takes_back_what_was_left() {
    let (sender, mut mailbox) = mailbox(10);
    let feeder = tokio::spawn({
        let sender = sender.clone();
        async move {
            for n in 0.. {
                if let Err(Left(left)) = sender.wanted().await {
                    return (n, left);
                }
                sender.push(delivery(n), Overflow::DropNewest, None);
            }
            unreachable!("the numbers do not end");
        }
    });
    for n in 0..5 {
        assert_eq!(number(&mailbox.recv().await), n);
    }
    // The sixth is asked for by a receiver that then goes away without taking it.
    let mut cx = Context::from_waker(Waker::noop());
    assert!(mailbox.poll_recv(&mut cx).is_pending());
    while sender.is_empty() {
        tokio::task::yield_now().await;
    }
    drop(mailbox);
    let (fed, left) = feeder.await.expect("no panic");
    assert_eq!(fed, 6);
    assert_eq!(left.iter().map(number).collect::<Vec<_>>(), [5]);
}

#[tokio::test]
async fn receivers_compete_and_one_that_leaves_loses_nothing() {
    let (sender, first) = mailbox(10);
    let mut second = sender.subscribe();
    let mut first = first;
    let waits = tokio::spawn(async move { number(&second.recv().await) });
    tokio::task::yield_now().await;
    // The first receiver waits, is woken, and leaves before it takes the delivery.
    let mut cx = Context::from_waker(Waker::noop());
    assert!(first.poll_recv(&mut cx).is_pending());
    sender.push(delivery(7), Overflow::DropNewest, None);
    drop(first);
    assert_eq!(waits.await.expect("no panic"), 7);
}

#[tokio::test]
async fn a_channel_given_up_loses_all_and_says_so_once() {
    let (sender, mut mailbox) = mailbox(2);
    for n in 0..2 {
        assert_eq!(sender.push(delivery(n), Overflow::Close, None), Pushed::Queued);
    }
    assert_eq!(sender.push(delivery(2), Overflow::Close, None), Pushed::GaveUp);
    assert_eq!(sender.push(delivery(3), Overflow::Close, None), Pushed::Closed);
    let received = mailbox.next().await;
    assert!(
        matches!(received, Received::Notice(Notice::Overflowed)),
        "{received:?}"
    );
    assert!(mailbox.try_recv().is_none());
}

#[tokio::test]
async fn a_notice_wakes_the_receiver_and_comes_before_deliveries() {
    let (sender, mut mailbox) = mailbox(2);
    let waiting = tokio::spawn(async move {
        let first = mailbox.next().await;
        (first, mailbox.next().await)
    });
    tokio::task::yield_now().await;
    sender.notify(Notice::Disconnected);
    sender.push(delivery(1), Overflow::DropNewest, None);
    let (first, second) = waiting.await.expect("no panic");
    assert!(
        matches!(first, Received::Notice(Notice::Disconnected)),
        "{first:?}"
    );
    assert!(matches!(second, Received::Delivery(_)), "{second:?}");
}

#[tokio::test]
async fn closed_waits_for_the_last_receiver() {
    let (sender, mut first) = mailbox(2);
    let second = sender.subscribe();
    let watching = tokio::spawn({
        let sender = sender.clone();
        async move { sender.closed().await }
    });
    // Receivers that wait and go wake the one who watches, too.
    sender.push(delivery(1), Overflow::DropNewest, None);
    first.recv().await;
    drop(first);
    tokio::task::yield_now().await;
    assert!(!watching.is_finished());
    drop(second);
    watching.await.expect("it ends");
}

/// Wakes nobody, and knows whether it was to.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_notice_that_comes_while_a_receiver_begins_to_wait_is_not_missed() {
    const ROUNDS: usize = 30_000;
    let (sender, mut mailbox) = mailbox(1);
    // Both count up to the round they are in, so that they meet within nanoseconds.
    let (ours, theirs) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let meet = |mine: &AtomicUsize, other: &AtomicUsize| {
        let step = mine.fetch_add(1, Ordering::SeqCst) + 1;
        while other.load(Ordering::SeqCst) < step {
            std::hint::spin_loop();
        }
    };
    let teller = std::thread::spawn({
        let (ours, theirs) = (Arc::clone(&ours), Arc::clone(&theirs));
        move || {
            for round in 0..ROUNDS {
                meet(&theirs, &ours);
                // Somewhere in the other's poll.
                (0..round % 64).for_each(|_| std::hint::spin_loop());
                sender.notify(Notice::Reconnected);
                meet(&theirs, &ours);
            }
        }
    });
    let mut missed = 0;
    for _ in 0..ROUNDS {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut context = Context::from_waker(&waker);
        meet(&ours, &theirs);
        let told = mailbox.poll_next(&mut context).is_ready();
        meet(&ours, &theirs);
        missed += usize::from(!told && !woken.0.load(Ordering::SeqCst));
        // What was told late is of no matter to the next round.
        let _ = mailbox.poll_next(&mut context);
    }
    teller.join().expect("no panic");
    assert_eq!(missed, 0, "notices that neither came nor woke");
}

#[test]
fn a_receiver_that_is_polled_from_many_places_keeps_one_waker() {
    let (_sender, mut mailbox) = mailbox(1);
    let places: Vec<_> = (0..100).map(|_| Arc::new(Woken::default())).collect();
    for place in &places {
        let waker = Waker::from(Arc::clone(place));
        assert!(mailbox.poll_recv(&mut Context::from_waker(&waker)).is_pending());
    }
    let kept = places.iter().filter(|place| Arc::strong_count(place) > 1).count();
    assert_eq!(kept, 1);
}

/// Takes what is even.
struct Even(Mutex<Vec<i64>>);

impl Relay for Even {
    fn relay(&self, batch: &Batch, leave: &mut dyn FnMut(&Arc<Delivery>)) {
        for delivery in batch.iter() {
            match number(delivery) {
                even if even % 2 == 0 => self.0.lock().push(even),
                _ => leave(delivery),
            }
        }
    }
}

#[test]
fn a_relay_takes_what_waits_and_what_comes_in_order_and_needs_no_room() {
    let (sender, mut mailbox) = mailbox(4);
    for n in 0..4 {
        sender.push(delivery(n), Overflow::DropNewest, None);
    }
    let relay = Arc::new(Even(Mutex::default()));
    mailbox.set_relay(Arc::clone(&relay) as Arc<dyn Relay>);
    assert_eq!(relay.0.lock()[..], [0, 2]);
    for n in 4..8 {
        let pushed = sender.push(delivery(n), Overflow::DropNewest, None);
        assert_eq!(pushed == Pushed::Relayed, n % 2 == 0, "{n}: {pushed:?}");
    }
    assert_eq!(sender.push(delivery(9), Overflow::DropNewest, None), Pushed::Full);
    assert_eq!(
        sender.push(delivery(8), Overflow::DropNewest, None),
        Pushed::Relayed
    );
    assert_eq!(relay.0.lock()[..], [0, 2, 4, 6, 8]);
    let left: Vec<_> = std::iter::from_fn(|| mailbox.try_recv())
        .map(|one| number(&one))
        .collect();
    assert_eq!(left, [1, 3, 5, 7]);
    drop(mailbox);
    assert_eq!(Arc::strong_count(&relay), 1, "it goes with the receiver");
}

#[test]
fn a_batch_is_one_push_and_one_wake_up_whatever_a_relay_leaves_of_it() {
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let (sender, mut mailbox) = mailbox(4);
    let relay = Arc::new(Even(Mutex::default()));
    mailbox.set_relay(Arc::clone(&relay) as Arc<dyn Relay>);
    let wakes = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&wakes));
    let mut cx = Context::from_waker(&waker);
    let batch = |numbers: std::ops::Range<i64>| Batch::new(numbers.map(delivery).collect::<Vec<_>>());

    assert!(mailbox.poll_next_of(&mut cx).is_pending());
    assert_eq!(sender.push_batch(&batch(0..6), Overflow::DropNewest, None), 0);
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    assert_eq!(relay.0.lock()[..], [0, 2, 4]);
    assert_eq!(
        sender.push_batch(&batch(6..12), Overflow::DropNewest, None),
        2,
        "room for one"
    );
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1, "it is awake");
    for (expected, behind) in [(1, 3), (3, 2), (5, 1), (7, 0)] {
        let Poll::Ready((Received::Delivery(delivery), waits)) = mailbox.poll_next_of(&mut cx) else {
            panic!("{expected} waits");
        };
        assert_eq!((number(&delivery), waits), (expected, behind));
    }
    assert!(mailbox.poll_next_of(&mut cx).is_pending());
    assert_eq!(sender.push_batch(&batch(12..13), Overflow::DropNewest, None), 0);
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1, "a relay wakes nobody");
}

#[test]
fn a_batch_over_capacity_follows_the_policy() {
    let batch = Batch::new((0..5).map(delivery).collect::<Vec<_>>());
    for (overflow, lost, left) in [
        (Overflow::DropNewest, 3, vec![0, 1]),
        (Overflow::DropOldest, 3, vec![3, 4]),
        (Overflow::Close, 1, vec![]),
    ] {
        let (sender, mut mailbox) = mailbox(2);
        assert_eq!(sender.push_batch(&batch, overflow, None), lost, "{overflow:?}");
        let got: Vec<_> = std::iter::from_fn(|| mailbox.try_recv())
            .map(|one| number(&one))
            .collect();
        assert_eq!(got, left, "{overflow:?}");
    }
}
