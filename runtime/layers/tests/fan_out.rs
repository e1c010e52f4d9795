//! Group sends under way at the same time: order, loss, duplicates, whoever joins and leaves meanwhile.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use laureola_layers::{Channel, GroupName, Layer, Mailbox, MemoryLayer, Relay};
use laureola_message::{Batch, Delivery};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
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
async fn a_lone_message_has_arrived_when_the_send_returns() {
    let layer = layer();
    let members = many(300, &layer).await;
    for number in 0..3 {
        say(&layer, 0, number..number + 1).await;
        for (_, _, client) in &members {
            assert_eq!(client.got.lock().len() as u64, number + 1);
        }
    }
}

async fn many(count: usize, layer: &Layer) -> Vec<(Channel, Mailbox, Arc<Client>)> {
    let mut members = Vec::new();
    for _ in 0..count {
        members.push(relayed(layer).await);
    }
    members
}

#[tokio::test]
async fn what_is_sent_during_a_fan_out_leaves_together() {
    let layer = layer();
    // More than one turn's worth, so that others get one in between.
    let members = many(300, &layer).await;
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let layer = layer.clone();
        senders.spawn(async move { say(&layer, sender, 0..10).await });
    }
    while let Some(ended) = senders.join_next().await {
        ended.expect("no panic");
    }
    let total = (SENDERS * 10) as usize;
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
        // The first alone, some with it in the first turn; then all that waits.
        let batches = client.batches.load(SeqCst);
        assert!(batches <= 4, "{batches} batches");
    }
}

#[tokio::test]
async fn a_sender_that_is_cancelled_leaves_the_others_messages_to_arrive() {
    let layer = layer();
    let members = many(300, &layer).await;
    let cancelled = tokio::spawn({
        let layer = layer.clone();
        async move { say(&layer, 0, 0..1).await }
    });
    begun(&members).await;
    say(&layer, 1, 0..3).await;
    cancelled.abort();
    for (_, _, client) in &members {
        let of_the_other = || client.got.lock().iter().filter(|said| said.sender == 1).count();
        until("message", || of_the_other() == 3).await;
    }
    // And the group is free again.
    say(&layer, 1, 3..4).await;
    let last = Said { sender: 1, number: 3 };
    until("last message", || {
        members
            .iter()
            .all(|(_, _, client)| client.got.lock().last() == Some(&last))
    })
    .await;
}

#[tokio::test]
async fn a_flush_forgets_what_waits_behind_a_fan_out() {
    let layer = layer();
    let members = many(300, &layer).await;
    let first = tokio::spawn({
        let layer = layer.clone();
        async move { say(&layer, 0, 0..1).await }
    });
    begun(&members).await;
    say(&layer, 1, 0..3).await;
    layer.flush().await.expect("flushed");
    first.await.expect("no panic");
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
}

#[tokio::test]
async fn a_member_gets_what_was_sent_since_it_joined_and_nothing_older() {
    let layer = layer();
    let members = many(300, &layer).await;
    let first = tokio::spawn({
        let layer = layer.clone();
        async move { say(&layer, 0, 0..1).await }
    });
    begun(&members).await;
    say(&layer, 1, 0..2).await;
    let (_channel, _mailbox, late) = relayed(&layer).await;
    say(&layer, 1, 2..4).await;
    first.await.expect("no panic");
    until("last message", || late.got.lock().len() >= 2).await;
    let numbers: Vec<_> = late.got.lock().iter().map(|said| said.number).collect();
    assert_eq!(numbers, [2, 3]);
    until("last message", || members[0].2.got.lock().len() == 5).await;
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
