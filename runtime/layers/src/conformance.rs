//! What every channel layer must do, as checks any backend can run.
//!
//! After the *Channel Layer Specification* of Django Channels: order, groups, capacity, expiry,
//! competing receivers. Every check gets a layer of its own from the caller; a check that fails
//! panics and says what was expected. Feature `conformance`, for the tests of backends.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! use laureola_layers::{Layer, MemoryLayer, conformance};
//!
//! conformance::run(async |settings| {
//!     Layer::new(MemoryLayer::new().capacity(settings.capacity).expiry(settings.expiry))
//! })
//! .await;
//! # });
//! # Ok::<_, std::io::Error>(())
//! ```

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use laureola_message::{Message, Value};
use tokio::time::{sleep, timeout};

use crate::{ChannelName, GroupName, Layer, LayerError, Mailbox};

/// How long a message may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// A pause between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(10);

/// How a check wants its layer: empty, and with these options.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Messages per channel.
    pub capacity: usize,
    /// How long a message waits.
    pub expiry: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            capacity: 100,
            expiry: Duration::from_secs(60),
        }
    }
}

/// What a backend can do beyond the least: where the specification leaves it open, and where the
/// layers of channels_redis differ.
///
/// ```
/// use laureola_layers::conformance::Abilities;
///
/// // RedisPubSubChannelLayer(serializer_format="json")
/// let abilities = Abilities::default().without_queues().without_bytes();
/// # let _ = abilities;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Abilities {
    queues: bool,
    bytes: bool,
    servers: usize,
}

impl Default for Abilities {
    /// All of them, with one server.
    fn default() -> Self {
        Self {
            queues: true,
            bytes: true,
            servers: 1,
        }
    }
}

impl Abilities {
    /// Nothing waits outside of a receiver's mailbox: a message for a plain channel goes to every
    /// process that receives from it at the moment, no channel is ever full, nothing expires,
    /// only channels of this process join groups, and their names begin with the layer's prefix and
    /// have no `!`.
    #[must_use]
    pub fn without_queues(mut self) -> Self {
        self.queues = false;
        self
    }

    /// Messages hold no bytes (JSON).
    #[must_use]
    pub fn without_bytes(mut self) -> Self {
        self.bytes = false;
        self
    }

    /// The messages of a plain channel go to so many servers in turn: each has the channel's
    /// capacity, and keeps its own order only.
    #[must_use]
    pub fn servers(mut self, servers: usize) -> Self {
        self.servers = servers.max(1);
        self
    }

    /// How many messages fill a plain channel of capacity 3.
    fn full(self) -> i64 {
        i64::try_from(3 * self.servers).expect("a few servers")
    }
}

/// [`run_with`] all [`Abilities`].
///
/// # Panics
/// Where the layer does not do what the specification says.
pub async fn run(make: impl AsyncFn(Settings) -> Layer) {
    run_with(Abilities::default(), make).await;
}

/// Runs every check that fits these abilities, each on a new, empty layer from `make`, and closes
/// the layers.
///
/// # Panics
/// Where the layer does not do what the specification says.
pub async fn run_with(abilities: Abilities, make: impl AsyncFn(Settings) -> Layer) {
    let usual = Settings::default();
    let small = Settings { capacity: 3, ..usual };
    let brief = Settings {
        capacity: 3,
        expiry: Duration::from_millis(300),
    };
    // Each check has its own future type, so that a macro has to do for a loop.
    macro_rules! check {
        ($($check:ident($settings:expr $(, $abilities:ident)?)),* $(,)?) => {$(
            let layer = make($settings).await;
            $check(&layer $(, $abilities)?).await;
            layer.close().await;
        )*};
    }
    check!(
        a_channel_keeps_its_order(usual),
        a_message_arrives_as_it_was_sent(usual, abilities),
        a_group_send_reaches_members_only(usual),
        a_member_that_leaves_misses_what_the_others_get(usual),
        a_member_added_twice_gets_a_message_once(usual),
        several_channels_of_a_process_get_one_group_message(usual),
        a_slow_receiver_costs_nobody_else_a_message(small),
        names_are_checked(usual, abilities),
        a_channel_that_closed_gets_nothing(usual),
        a_channel_that_closed_can_be_opened_again(usual),
        a_closed_layer_says_so(usual),
    );
    if abilities.queues {
        check!(
            a_plain_channel_keeps_messages_for_a_later_receiver(usual, abilities),
            discarding_a_stranger_is_no_error(usual),
            a_full_channel_refuses(small, abilities),
            a_group_send_skips_a_full_member(small, abilities),
            a_message_expires_and_makes_room(brief, abilities),
            competing_receivers_get_each_message_once(usual),
            a_receiver_that_leaves_loses_nothing(usual),
            flush_forgets(usual),
        );
    }
}

async fn a_channel_keeps_its_order(layer: &Layer) {
    let (channel, mut mailbox) = open(layer).await;
    for n in 0..50 {
        send(layer, channel.name(), n).await.expect("there is room");
    }
    for n in 0..50 {
        assert_eq!(next(&mut mailbox).await, n, "in order");
    }
}

async fn a_message_arrives_as_it_was_sent(layer: &Layer, abilities: Abilities) {
    let (mut channel, mut mailbox) = open(layer).await;
    let bytes = if abilities.bytes {
        Value::Bin(vec![0, 255].into())
    } else {
        Value::Nil
    };
    let value = Value::Map(vec![
        ("type".into(), "every.kind".into()),
        ("nil".into(), Value::Nil),
        ("bool".into(), Value::Bool(true)),
        ("small".into(), Value::Int(-1)),
        ("large".into(), Value::UInt(u64::MAX)),
        ("float".into(), Value::Float(0.1)),
        ("text".into(), "žluťoučký 🐎".into()),
        ("bytes".into(), bytes),
        (
            "list".into(),
            Value::Array(vec![1.into(), Value::Array(Vec::new())]),
        ),
        ("map".into(), Value::Map(vec![("a".into(), Value::Nil)])),
    ]);
    let message = Message::from_value(&value).expect("a map");
    layer
        .send_message(channel.name(), message.clone())
        .await
        .expect("there is room");
    assert_eq!(receive(&mut mailbox).await, value, "a sent message");
    let room = group("room");
    channel.group_add(&room).await.expect("added");
    layer.group_send_message(&room, message).await.expect("sent");
    assert_eq!(receive(&mut mailbox).await, value, "a group's message");
    channel.close().await.expect("closed");
}

async fn a_plain_channel_keeps_messages_for_a_later_receiver(layer: &Layer, abilities: Abilities) {
    let thumbnails = name("thumbnails");
    for n in 0..10 {
        send(layer, &thumbnails, n).await.expect("there is room");
    }
    let mut mailbox = layer.listen(&thumbnails).await.expect("a plain channel");
    take(&mut mailbox, 10, abilities).await;
}

async fn a_group_send_reaches_members_only(layer: &Layer) {
    let (mut inside, mut inside_mailbox) = open(layer).await;
    let (mut outside, mut outside_mailbox) = open(layer).await;
    inside.group_add(&group("room")).await.expect("added");
    outside.group_add(&group("hall")).await.expect("added");
    group_send(layer, "room", 1).await;
    group_send(layer, "nobody", 2).await;
    // First, for where members are looked up on arrival.
    assert_eq!(next(&mut inside_mailbox).await, 1, "as a member");
    inside.group_discard(&group("room")).await.expect("discarded");
    group_send(layer, "room", 3).await;
    group_send(layer, "hall", 4).await;
    send(layer, inside.name(), 5).await.expect("there is room");
    assert_eq!(next(&mut inside_mailbox).await, 5, "nothing once discarded");
    assert_eq!(next(&mut outside_mailbox).await, 4, "another group's alone");
    outside.close().await.expect("closed");
}

async fn a_member_that_leaves_misses_what_the_others_get(layer: &Layer) {
    let mut members = Vec::new();
    for _ in 0..3 {
        let (mut channel, mailbox) = open(layer).await;
        channel.group_add(&group("room")).await.expect("added");
        members.push((channel, mailbox));
    }
    let [
        (first, mut gone),
        (mut second, mut discarded),
        (third, mut staying),
    ] = <[_; 3]>::try_from(members).expect("three");
    group_send(layer, "room", 1).await;
    assert_eq!(next(&mut gone).await, 1);
    first.close().await.expect("closed");
    second.group_discard(&group("room")).await.expect("discarded");
    group_send(layer, "room", 2).await;
    for n in [1, 2] {
        assert_eq!(next(&mut staying).await, n, "who stays");
    }
    second.group_add(&group("room")).await.expect("added again");
    group_send(layer, "room", 3).await;
    assert_eq!(next(&mut staying).await, 3);
    for n in [1, 3] {
        assert_eq!(next(&mut discarded).await, n, "who was away for the second");
    }
    assert!(gone.try_recv().is_none(), "who closed");
    third.close().await.expect("closed");
    second.close().await.expect("closed");
}

async fn a_slow_receiver_costs_nobody_else_a_message(layer: &Layer) {
    let (slow, _unread) = open(layer).await;
    let (quick, mut mailbox) = open(layer).await;
    for n in 0..20 {
        let _ = send(layer, slow.name(), n).await;
    }
    // The two may share a queue of that capacity, which the process empties at once.
    for n in 0..10 {
        until("the slow one's messages are out of the way", async || {
            send(layer, quick.name(), n).await.is_ok()
        })
        .await;
        assert_eq!(next(&mut mailbox).await, n);
    }
}

async fn a_member_added_twice_gets_a_message_once(layer: &Layer) {
    let (mut channel, mut mailbox) = open(layer).await;
    for _ in 0..2 {
        channel.group_add(&group("room")).await.expect("added");
    }
    group_send(layer, "room", 1).await;
    group_send(layer, "room", 2).await;
    assert_eq!(next(&mut mailbox).await, 1);
    assert_eq!(next(&mut mailbox).await, 2, "once each");
    channel.close().await.expect("closed");
}

async fn several_channels_of_a_process_get_one_group_message(layer: &Layer) {
    let mut members = Vec::new();
    for _ in 0..300 {
        let (mut channel, mailbox) = open(layer).await;
        channel.group_add(&group("room")).await.expect("added");
        members.push((channel, mailbox));
    }
    for n in 0..5 {
        group_send(layer, "room", n).await;
    }
    for (_, mailbox) in &mut members {
        for n in 0..5 {
            assert_eq!(next(mailbox).await, n, "every member, in order");
        }
    }
}

async fn discarding_a_stranger_is_no_error(layer: &Layer) {
    let (mut channel, _mailbox) = open(layer).await;
    channel.group_discard(&group("room")).await.expect("no error");
    let elsewhere = name("specific.0123456789abcdef!1");
    layer
        .group_discard(&group("room"), &elsewhere)
        .await
        .expect("no error");
    send(layer, &elsewhere, 1)
        .await
        .expect("nobody there is no error");
}

async fn a_full_channel_refuses(layer: &Layer, abilities: Abilities) {
    let full = name("full");
    fill(layer, &full, abilities).await;
    match send(layer, &full, 9).await {
        Err(LayerError::ChannelFull(channel)) => assert_eq!(channel, full),
        other => panic!("expected ChannelFull, got {other:?}"),
    }
    let mut mailbox = layer.listen(&full).await.expect("a plain channel");
    take(&mut mailbox, abilities.full(), abilities).await;
    send(layer, &full, 3).await.expect("there is room again");
    assert_eq!(next(&mut mailbox).await, 3);
}

async fn a_group_send_skips_a_full_member(layer: &Layer, abilities: Abilities) {
    let (mut channel, mut mailbox) = open(layer).await;
    let full = name("full");
    layer.group_add(&group("room"), &full).await.expect("added");
    channel.group_add(&group("room")).await.expect("added");
    fill(layer, &full, abilities).await;
    group_send(layer, "room", 7).await;
    assert_eq!(next(&mut mailbox).await, 7, "the others get it");
    let mut plain = layer.listen(&full).await.expect("a plain channel");
    take(&mut plain, abilities.full(), abilities).await;
    group_send(layer, "room", 8).await;
    assert_eq!(next(&mut plain).await, 8, "the full one missed a message");
    channel.close().await.expect("closed");
}

async fn a_message_expires_and_makes_room(layer: &Layer, abilities: Abilities) {
    let (full, forgotten) = (name("full"), name("forgotten"));
    send(layer, &forgotten, 1).await.expect("there is room");
    fill(layer, &full, abilities).await;
    until("an expired message makes room", async || {
        !matches!(send(layer, &full, 4).await, Err(LayerError::ChannelFull(_)))
    })
    .await;
    // The first message of `forgotten` is older than those of `full`, which have expired.
    let mut mailbox = layer.listen(&forgotten).await.expect("a plain channel");
    send(layer, &forgotten, 2).await.expect("there is room");
    assert_eq!(next(&mut mailbox).await, 2, "the expired one is never received");
}

async fn competing_receivers_get_each_message_once(layer: &Layer) {
    let jobs = name("jobs");
    let mut first = layer.listen(&jobs).await.expect("a plain channel");
    let mut second = layer.listen(&jobs).await.expect("a plain channel");
    let mut seen = Vec::new();
    for n in 0..40 {
        send(layer, &jobs, n).await.expect("there is room");
    }
    while seen.len() < 40 {
        let message = timeout(DEADLINE, async {
            tokio::select! {
                delivery = first.recv() => delivery,
                delivery = second.recv() => delivery,
            }
        });
        let delivery = message.await.expect("every message arrives");
        seen.push(number(&delivery.message().value()));
    }
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..40), "each message once");
}

async fn a_receiver_that_leaves_loses_nothing(layer: &Layer) {
    let jobs = name("jobs");
    for n in 0..20 {
        let mut leaving = layer.listen(&jobs).await.expect("a plain channel");
        // It asks for a message and goes away before it takes one.
        poll_fn(|cx| {
            assert!(leaving.poll_recv(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        send(layer, &jobs, n).await.expect("there is room");
        if n % 2 == 0 {
            sleep(PAUSE).await;
        }
        drop(leaving);
        let mut staying = layer.listen(&jobs).await.expect("a plain channel");
        assert_eq!(next(&mut staying).await, n, "put back, or never taken");
    }
}

async fn names_are_checked(layer: &Layer, abilities: Abilities) {
    for prefix in ["a b", "a!b", &"x".repeat(99)] {
        let result = layer.new_channel(prefix).await;
        assert!(matches!(result, Err(LayerError::Name(_))), "prefix {prefix:?}");
    }
    let (channel, _mailbox) = layer.new_channel("http.request").await.expect("a valid prefix");
    assert!(channel.name().as_str().contains("http.request."));
    if abilities.queues {
        assert!(channel.name().as_str().starts_with("http.request."));
        assert!(channel.name().is_process_specific());
    }
    let listened = layer.listen(channel.name()).await;
    assert!(matches!(listened, Err(LayerError::Unsupported(_))));
}

async fn a_channel_that_closed_gets_nothing(layer: &Layer) {
    let (mut closed, mut closed_mailbox) = open(layer).await;
    let (mut dropped, mut dropped_mailbox) = open(layer).await;
    let (mut open, mut mailbox) = open(layer).await;
    for channel in [&mut closed, &mut dropped, &mut open] {
        channel.group_add(&group("room")).await.expect("added");
    }
    let gone = closed.name().clone();
    closed.close().await.expect("closed");
    drop(dropped);
    group_send(layer, "room", 1).await;
    send(layer, &gone, 2).await.expect("nobody there is no error");
    assert_eq!(next(&mut mailbox).await, 1);
    assert!(closed_mailbox.try_recv().is_none(), "closed");
    assert!(dropped_mailbox.try_recv().is_none(), "dropped");
    open.close().await.expect("closed");
}

async fn a_channel_that_closed_can_be_opened_again(layer: &Layer) {
    let (mut channel, mailbox) = open(layer).await;
    let name = channel.name().clone();
    assert!(layer.reopen(&name).await.is_err(), "it is open");
    channel.group_add(&group("room")).await.expect("added");
    channel.close().await.expect("closed");
    drop(mailbox);
    let (mut channel, mut mailbox) = layer.reopen(&name).await.expect("open again");
    group_send(layer, "room", 0).await;
    send(layer, &name, 1).await.expect("there is room");
    assert_eq!(next(&mut mailbox).await, 1, "it is in no group");
    // Another one: what was sent to the first may be under way still.
    channel.group_add(&group("hall")).await.expect("added");
    group_send(layer, "hall", 2).await;
    assert_eq!(next(&mut mailbox).await, 2, "it joins like a new one");
}

async fn flush_forgets(layer: &Layer) {
    let jobs = name("jobs");
    send(layer, &jobs, 1).await.expect("there is room");
    layer.flush().await.expect("flushed");
    let mut mailbox = layer.listen(&jobs).await.expect("a plain channel");
    send(layer, &jobs, 2).await.expect("there is room");
    assert_eq!(next(&mut mailbox).await, 2, "the first is forgotten");
}

async fn a_closed_layer_says_so(layer: &Layer) {
    let (mut channel, _mailbox) = open(layer).await;
    channel.group_add(&group("room")).await.expect("added");
    layer.close().await;
    assert!(matches!(
        layer.new_channel("specific").await,
        Err(LayerError::Closed)
    ));
    assert!(matches!(
        send(layer, &name("jobs"), 1).await,
        Err(LayerError::Closed)
    ));
    layer.close().await;
}

/// A channel as a consumer has it.
async fn open(layer: &Layer) -> (crate::Channel, Mailbox) {
    layer.new_channel("specific").await.expect("a channel")
}

fn name(name: &str) -> ChannelName {
    ChannelName::new(name).expect("a channel name")
}

fn group(name: &str) -> GroupName {
    GroupName::new(name).expect("a group name")
}

async fn send(layer: &Layer, channel: &ChannelName, n: i64) -> Result<(), LayerError> {
    layer.send(channel, &BTreeMap::from([("n", n)])).await
}

async fn group_send(layer: &Layer, name: &str, n: i64) {
    layer
        .group_send(&group(name), &BTreeMap::from([("n", n)]))
        .await
        .expect("a group send does not fail");
}

/// Sends 0, 1, 2 and so on, until a plain channel of capacity 3 is full.
async fn fill(layer: &Layer, channel: &ChannelName, abilities: Abilities) {
    for n in 0..abilities.full() {
        send(layer, channel, n).await.expect("there is room");
    }
}

/// Receives 0 to `count`: in order, where there is one server.
async fn take(mailbox: &mut Mailbox, count: i64, abilities: Abilities) {
    let mut taken = Vec::new();
    for _ in 0..count {
        taken.push(next(mailbox).await);
    }
    if abilities.servers > 1 {
        taken.sort_unstable();
    }
    assert!(taken.iter().copied().eq(0..count), "in order, not {taken:?}");
}

async fn receive(mailbox: &mut Mailbox) -> Value {
    let delivery = timeout(DEADLINE, mailbox.recv())
        .await
        .expect("a message arrives");
    delivery.message().value()
}

async fn next(mailbox: &mut Mailbox) -> i64 {
    number(&receive(mailbox).await)
}

fn number(value: &Value) -> i64 {
    value
        .get("n")
        .and_then(Value::as_i64)
        .expect("a numbered message")
}

async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let waiting = async {
        while !condition().await {
            sleep(PAUSE).await;
        }
    };
    timeout(DEADLINE, waiting)
        .await
        .unwrap_or_else(|_| panic!("in vain: {what}"));
}
