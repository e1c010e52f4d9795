//! Group sends under way at the same time: order, loss, duplicates, whoever joins and leaves meanwhile.

use std::collections::HashMap;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Waker};
use std::time::Duration;

use laureola_layers::{Channel, GroupName, Layer, Mailbox, MemoryLayer, Relay};
use laureola_message::{Batch, Delivery};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(20);
const SENDERS: u64 = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    sender: u64,
    number: u64,
}

fn room() -> GroupName {
    GroupName::new("room").expect("a name")
}

fn layer() -> Layer {
    Layer::new(MemoryLayer::new().capacity(100_000))
}

fn said(delivery: &Delivery) -> Said {
    delivery.message().decode().expect("what was sent")
}

/// Takes everything, as a client would, and knows how it came.
#[derive(Default)]
struct Client {
    got: Mutex<Vec<Said>>,
    batches: AtomicUsize,
}

impl Relay for Client {
    fn relay(&self, batch: &Batch, _: &mut dyn FnMut(&Arc<Delivery>)) {
        self.batches.fetch_add(1, SeqCst);
        self.got
            .lock()
            .extend(batch.iter().map(|delivery| said(delivery)));
    }
}

async fn join(layer: &Layer) -> (Channel, Mailbox) {
    let (mut channel, mailbox) = layer.new_channel("specific").await.expect("a channel");
    channel.group_add(&room()).await.expect("a member");
    (channel, mailbox)
}

async fn relayed(layer: &Layer) -> (Channel, Mailbox, Arc<Client>) {
    let (channel, mut mailbox) = join(layer).await;
    let client = Arc::new(Client::default());
    mailbox.set_relay(Arc::clone(&client) as Arc<dyn Relay>);
    (channel, mailbox, client)
}

async fn say(layer: &Layer, sender: u64, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let said = Said { sender, number };
        layer.group_send(&room(), &said).await.expect("sent");
    }
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(DEADLINE, waiting)
        .await
        .unwrap_or_else(|_| panic!("no {what} in time"));
}

/// Waits until some members have their first message, and others not yet: in a runtime of one thread, one turn.
async fn begun(members: &[(Channel, Mailbox, Arc<Client>)]) {
    let got = || {
        let has = members
            .iter()
            .filter(|(_, _, client)| !client.got.lock().is_empty());
        has.count()
    };
    while got() == 0 {
        tokio::task::yield_now().await;
    }
    assert!(got() < members.len(), "it is not over");
}

/// Each sender's numbers come one after the other, without a gap, from the first that came.
fn check_order(got: &[Said]) {
    let mut next = HashMap::new();
    for said in got {
        let expected = next.entry(said.sender).or_insert(said.number);
        assert_eq!(said.number, *expected, "of sender {} in {got:?}", said.sender);
        *expected += 1;
    }
}

#[tokio::test]
async fn a_message_to_a_small_group_has_arrived_when_the_send_returns() {
    let layer = layer();
    let members = many(32, &layer).await;
    for number in 0..3 {
        say(&layer, 0, number..number + 1).await;
        for (_, _, client) in &members {
            assert_eq!(client.got.lock().len() as u64, number + 1);
        }
    }
}

#[test]
fn a_lone_message_to_a_large_group_needs_nobody_behind_it() {
    on_one_worker(async {
        let layer = layer();
        let members = many(300, &layer).await;
        for number in 0..3 {
            say(&layer, 0, number..number + 1).await;
            until_all_have(&members, Said { sender: 0, number }).await;
        }
    });
}

#[test]
fn a_burst_of_one_sender_leaves_together() {
    on_one_worker(async {
        const COUNT: u64 = 600;
        let layer = layer();
        let members = many(300, &layer).await;
        say(&layer, 0, 0..COUNT).await;
        let last = Said {
            sender: 0,
            number: COUNT - 1,
        };
        until_all_have(&members, last).await;
        for (_, _, client) in &members {
            let got = client.got.lock();
            assert_eq!(got.len() as u64, COUNT);
            check_order(&got);
            assert_eq!(client.batches.load(SeqCst), 10, "of 64 messages and less");
        }
    });
}

/// Has it run in the one thread of a runtime: nothing else does anything between two of its waits.
fn on_one_worker(test: impl Future<Output = ()> + Send + 'static) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async { tokio::spawn(test).await.expect("no panic") });
}

#[tokio::test]
async fn in_a_runtime_that_may_stand_still_a_message_to_a_large_group_has_arrived_as_well() {
    let layer = layer();
    let members = many(300, &layer).await;
    say(&layer, 0, 0..3).await;
    for (_, _, client) in &members {
        assert_eq!(client.got.lock().len(), 3);
    }
}

async fn many(count: usize, layer: &Layer) -> Vec<(Channel, Mailbox, Arc<Client>)> {
    let mut members = Vec::new();
    for _ in 0..count {
        members.push(relayed(layer).await);
    }
    members
}

/// Waits until this has reached all.
async fn until_all_have(members: &[(Channel, Mailbox, Arc<Client>)], last: Said) {
    until("last message", || {
        members
            .iter()
            .all(|(_, _, client)| client.got.lock().last() == Some(&last))
    })
    .await;
}

#[test]
fn what_is_sent_during_a_fan_out_leaves_together() {
    on_one_worker(async {
        let layer = layer();
        // More than one turn's worth, so that others get one in between.
        let members = many(300, &layer).await;
        say(&layer, 9, 0..1).await;
        begun(&members).await;
        let mut senders = JoinSet::new();
        for sender in 0..SENDERS {
            let layer = layer.clone();
            senders.spawn(async move { say(&layer, sender, 0..10).await });
        }
        while let Some(ended) = senders.join_next().await {
            ended.expect("no panic");
        }
        let total = (SENDERS * 10) as usize + 1;
        let mut first = None;
        for (_, _, client) in &members {
            until("last message", || client.got.lock().len() >= total).await;
            let got = client.got.lock().clone();
            assert_eq!(got.len(), total, "no duplicates");
            check_order(&got);
            assert_eq!(
                *first.get_or_insert_with(|| got.clone()),
                got,
                "the same order for all"
            );
            assert_eq!(client.batches.load(SeqCst), 2, "the first, and all that waits");
        }
    });
}

/// Looks at a future once. Whether it is over.
fn over(future: Pin<&mut impl Future>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

#[test]
fn a_sender_that_is_cancelled_where_no_more_may_wait_takes_nothing_else_along() {
    on_one_worker(async {
        let layer = layer();
        let members = many(300, &layer).await;
        // Alone, without a turn for anybody.
        let accepted = (0..1_000).take_while(|&number| over(pin!(say(&layer, 0, number..number + 1))));
        let accepted = accepted.count() as u64;
        assert_eq!(accepted, 256);
        let last = Said {
            sender: 0,
            number: accepted - 1,
        };
        until_all_have(&members, last).await;
        // And the group is free again.
        say(&layer, 0, accepted..accepted + 1).await;
        let last = Said {
            sender: 0,
            number: accepted,
        };
        until_all_have(&members, last).await;
        for (_, _, client) in &members {
            check_order(&client.got.lock());
        }
    });
}

#[test]
fn outside_a_runtime_a_sender_that_is_cancelled_halfway_leaves_nobody_without_a_message() {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let layer = layer();
    let members = runtime.block_on(many(300, &layer));
    let mut cancelled = Box::pin(say(&layer, 0, 0..1));
    assert!(!over(cancelled.as_mut()));
    let has = |count: usize| {
        members
            .iter()
            .filter(move |(_, _, client)| client.got.lock().len() == count)
            .count()
    };
    assert!(has(1) > 0 && has(0) > 0, "it is not over");
    assert!(over(pin!(say(&layer, 1, 0..3))), "it waits behind");
    drop(cancelled);
    assert_eq!(has(4), members.len());
    for (_, _, client) in &members {
        check_order(&client.got.lock());
    }
    // And the group is free again.
    let mut last = pin!(say(&layer, 1, 3..4));
    while !over(last.as_mut()) {}
    assert_eq!(has(5), members.len());
}

/// Panics, once.
struct Clumsy(AtomicUsize);

impl Relay for Clumsy {
    fn relay(&self, _: &Batch, _: &mut dyn FnMut(&Arc<Delivery>)) {
        assert!(self.0.fetch_add(1, SeqCst) > 0, "as this test wants it");
    }
}

#[test]
fn a_relay_that_panics_does_not_end_its_group() {
    on_one_worker(async {
        for count in [3, 300] {
            let layer = layer();
            let members = many(count, &layer).await;
            let (_channel, mut mailbox) = join(&layer).await;
            mailbox.set_relay(Arc::new(Clumsy(AtomicUsize::new(0))));
            let sending = layer.clone();
            let unlucky = tokio::spawn(async move { say(&sending, 0, 0..1).await }).await;
            assert_eq!(unlucky.is_err(), count == 3, "a task has the large group's");
            say(&layer, 1, 0..2).await;
            until_all_have(&members, Said { sender: 1, number: 1 }).await;
        }
    });
}

#[test]
fn a_flush_forgets_what_waits_behind_a_fan_out() {
    on_one_worker(async {
        let layer = layer();
        let members = many(300, &layer).await;
        say(&layer, 0, 0..1).await;
        begun(&members).await;
        say(&layer, 1, 0..3).await;
        layer.flush().await.expect("flushed");
        // As many turns as the three would take, and more.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        for (_, _, client) in &members {
            assert_eq!(*client.got.lock(), [Said { sender: 0, number: 0 }]);
        }
        // And the group is free again.
        let (_channel, _mailbox, late) = relayed(&layer).await;
        say(&layer, 1, 3..4).await;
        assert_eq!(*late.got.lock(), [Said { sender: 1, number: 3 }]);
    });
}

#[test]
fn a_member_gets_what_was_sent_since_it_joined_and_nothing_older() {
    on_one_worker(async {
        let layer = layer();
        let members = many(300, &layer).await;
        say(&layer, 0, 0..1).await;
        begun(&members).await;
        say(&layer, 1, 0..2).await;
        let (_channel, _mailbox, late) = relayed(&layer).await;
        say(&layer, 1, 2..4).await;
        until("last message", || late.got.lock().len() >= 2).await;
        let numbers: Vec<_> = late.got.lock().iter().map(|said| said.number).collect();
        assert_eq!(numbers, [2, 3]);
        until("last message", || members[0].2.got.lock().len() == 5).await;
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_comes_and_goes_nobody_misses_a_message_or_gets_one_twice() {
    const EACH: u64 = 400;
    let layer = layer();
    let stayed = many(150, &layer).await;
    let (_channel, mut mailbox) = join(&layer).await;
    let mut tasks = JoinSet::new();
    for sender in 0..SENDERS {
        let layer = layer.clone();
        tasks.spawn(async move {
            for number in 0..EACH {
                say(&layer, sender, number..number + 1).await;
                if (number * 7 + sender) % 5 == 0 {
                    tokio::task::yield_now().await;
                }
            }
        });
    }
    for visitor in 0..4_u64 {
        let layer = layer.clone();
        tasks.spawn(async move {
            let mut seed = visitor;
            for _ in 0..60 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let (channel, mut mailbox, client) = relayed(&layer).await;
                for _ in 0..seed >> 60 {
                    tokio::task::yield_now().await;
                }
                if seed & 1 << 40 == 0 {
                    channel.close().await.expect("it leaves");
                }
                check_order(&client.got.lock());
                assert!(mailbox.try_recv().is_none(), "the relay takes everything");
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("no panic");
    }
    let total = (SENDERS * EACH) as usize;
    for (_, _, client) in &stayed {
        until("last message", || client.got.lock().len() >= total).await;
        let got = client.got.lock();
        assert_eq!(got.len(), total);
        check_order(&got);
    }
    let mut got = Vec::new();
    while got.len() < total {
        let delivery = timeout(DEADLINE, mailbox.recv()).await.expect("in time");
        got.push(said(&delivery));
    }
    assert!(mailbox.try_recv().is_none());
    assert_eq!(got, *stayed[0].2.got.lock(), "the same order for all");
}
