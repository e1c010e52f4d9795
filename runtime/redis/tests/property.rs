//! What holds whatever happens: each message at most once, in each writer's order, and with a
//! healthy Redis every one of them.
//!
//! Writers send to process-specific channels, to groups and to a plain channel; meanwhile
//! receives are cancelled at any moment, and, in half of the runs, connections are killed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use laureola_layers::{ChannelName, GroupName, Layer, Mailbox};
use laureola_message::{Message, Value};
use laureola_redis::{Membership, RedisChannelLayer, RedisConfig};
use laureola_testkit::RedisServer;
use parking_lot::Mutex;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How long a message may take.
const DEADLINE: Duration = Duration::from_secs(20);
const WRITERS: i64 = 6;
/// How many messages each writer sends to each place.
const EACH: i64 = 150;

/// Small random numbers, the same for the same seed.
#[derive(Clone, Debug)]
struct Dice(Arc<AtomicU64>);

impl Dice {
    fn new(seed: u64) -> Self {
        println!("seed {seed}");
        Self(Arc::new(AtomicU64::new(seed)))
    }

    fn below(&self, limit: u64) -> u64 {
        // SplitMix64.
        let mut z = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % limit
    }
}

/// What one mailbox got: a writer and its number, in the order of arrival.
type Got = Arc<Mutex<Vec<(i64, i64)>>>;

/// Receives until it is aborted, and gives up receives at any moment.
async fn receive(mut mailbox: Mailbox, got: Got, dice: Dice) {
    loop {
        let patience = Duration::from_micros(dice.below(3_000));
        let received = if dice.below(3) == 0 {
            // Polled, perhaps woken, and dropped.
            tokio::select! {
                biased;
                () = tokio::task::yield_now() => None,
                delivery = mailbox.recv() => Some(delivery),
            }
        } else {
            timeout(patience, mailbox.recv()).await.ok()
        };
        if let Some(delivery) = received {
            let value = delivery.message().value();
            let field = |name| value.get(name).and_then(Value::as_i64).expect("a number");
            got.lock().push((field("writer"), field("n")));
        }
        if dice.below(50) == 0 {
            sleep(Duration::from_millis(dice.below(10))).await;
        }
    }
}

/// Each message at most once, and in each writer's order where that is promised. How many of all
/// the `writers`' messages are missing.
fn check(what: &str, got: &[(i64, i64)], ordered: bool) -> i64 {
    let mut by_writer: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (writer, n) in got {
        by_writer.entry(*writer).or_default().push(*n);
    }
    for (writer, numbers) in &mut by_writer {
        if !ordered {
            numbers.sort_unstable();
        }
        assert!(
            numbers.is_sorted_by(|a, b| a < b),
            "{what}: writer {writer}'s messages are repeated or out of order: {numbers:?}"
        );
    }
    WRITERS * EACH - i64::try_from(got.len()).expect("a few")
}

/// One run; how many messages each of the four mailboxes missed.
async fn run(servers: &[RedisServer], membership: Membership, dice: &Dice, kill: Kill) -> Missed {
    let config = || {
        RedisConfig::default()
            .hosts(servers.iter().map(RedisServer::url))
            .capacity(100_000)
            .membership(membership)
    };
    let connect = async || Layer::new(RedisChannelLayer::connect(config()).await.expect("servers"));
    let (reader, other, writing) = (connect().await, connect().await, connect().await);
    let (jobs, room) = (name("jobs"), GroupName::new("room").expect("a name"));
    let (mut direct, direct_mailbox) = reader.new_channel("specific").await.expect("a channel");
    let (mut member, member_mailbox) = other.new_channel("specific").await.expect("a channel");
    direct.group_add(&room).await.expect("added");
    member.group_add(&room).await.expect("added");
    let mut receivers = JoinSet::new();
    let got: [Got; 3] = std::array::from_fn(|_| Got::default());
    receivers.spawn(receive(direct_mailbox, Arc::clone(&got[0]), dice.clone()));
    receivers.spawn(receive(member_mailbox, Arc::clone(&got[1]), dice.clone()));
    for layer in [&reader, &other] {
        let mailbox = layer.listen(&jobs).await.expect("a plain channel");
        receivers.spawn(receive(mailbox, Arc::clone(&got[2]), dice.clone()));
    }

    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (layer, dice) = (writing.clone(), dice.clone());
        let (to, jobs, room) = (direct.name().clone(), jobs.clone(), room.clone());
        writers.spawn(async move {
            for n in 0..EACH {
                // The same numbers to a channel and its group would collide in one mailbox.
                let sent = layer.send_message(&to, message(writer, n)).await;
                sent.expect("there is room");
                let sent = layer
                    .group_send_message(&room, message(writer + WRITERS, n))
                    .await;
                sent.expect("sent");
                let sent = layer.send_message(&jobs, message(writer, n)).await;
                sent.expect("there is room");
                sleep(Duration::from_micros(dice.below(2_000))).await;
            }
        });
    }
    let mut kills = 0;
    while !writers.is_empty() {
        tokio::select! {
            Some(done) = writers.join_next() => done.expect("no writer fails"),
            () = sleep(Duration::from_millis(5 + dice.below(20))), if kill == Kill::Receivers => {
                kills += kill_a_receiver(servers, dice);
            }
        }
    }
    let missed = || {
        let [direct, member, plain] = [0, 1, 2].map(|index| got[index].lock().clone());
        let (own, grouped): (Vec<_>, Vec<_>) = direct.iter().partition(|(writer, _)| *writer < WRITERS);
        [
            check("a channel", &own, true),
            check("a group's first member", &grouped, true),
            check("a group's second member", &member, true),
            // Two receivers share it, here in one list.
            check("a plain channel", &plain, false),
        ]
        .into_iter()
        .sum::<i64>()
    };
    // With kills some may never come: then nothing more does for a while.
    let (mut last, mut unchanged) = (missed(), 0);
    let waiting = async {
        while last > 0 && (kill == Kill::None || unchanged < 500) {
            sleep(Duration::from_millis(10)).await;
            let now = missed();
            unchanged = if now == last { unchanged + 1 } else { 0 };
            last = now;
        }
    };
    let arrived = timeout(DEADLINE, waiting).await;
    assert!(arrived.is_ok(), "{last} messages never came");
    receivers.shutdown().await;
    for layer in [reader, other, writing] {
        layer.close().await;
    }
    Missed {
        messages: last,
        kills,
    }
}

struct Missed {
    messages: i64,
    kills: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kill {
    None,
    Receivers,
}

/// Kills one of the connections that receive, whatever it is doing.
fn kill_a_receiver(servers: &[RedisServer], dice: &Dice) -> i64 {
    let server = &servers[dice.below(servers.len() as u64) as usize];
    let list = server.command(&["CLIENT", "LIST"]);
    let ids: Vec<_> = list
        .text()
        .lines()
        .filter(|line| line.contains("name=laureola-receive"))
        .filter_map(|line| line.split(' ').next()?.strip_prefix("id="))
        .collect();
    if ids.is_empty() {
        return 0;
    }
    let id = ids[dice.below(ids.len() as u64) as usize];
    server.command(&["CLIENT", "KILL", "ID", id]).int()
}

macro_rules! runs {
    ($($test:ident: $hosts:literal, $membership:ident, $kill:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let servers: Vec<_> = (0..$hosts).map(|_| RedisServer::start()).collect();
            let seed = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_nanos() as u64;
            let dice = Dice::new(seed);
            let missed = run(&servers, Membership::$membership, &dice, Kill::$kill).await;
            println!("{} of {} messages missed in {} kills", missed.messages, 4 * WRITERS * EACH, missed.kills);
            // Only a pop whose answer was on its way is lost, and a group's message counts for one
            // member.
            assert!(missed.messages <= missed.kills, "{} lost", missed.messages);
        }
    )*};
}

runs! {
    nothing_is_lost_or_repeated_on_one_host: 1, Channel, None;
    nothing_is_lost_or_repeated_on_two_hosts: 2, Channel, None;
    nothing_is_lost_or_repeated_with_dispatchers: 2, Process, None;
    a_killed_connection_loses_one_message_at_most: 1, Channel, Receivers;
    a_killed_connection_of_several_hosts_loses_one_message_at_most: 2, Process, Receivers;
}

fn name(name: &str) -> ChannelName {
    ChannelName::new(name).expect("a channel name")
}

fn message(writer: i64, n: i64) -> Message {
    Message::new(&BTreeMap::from([("writer", writer), ("n", n)])).expect("a map")
}
