use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use laureola_message::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::*;
use crate::group::CHUNK;
use crate::layer::Layer;

fn text(delivery: &Arc<Delivery>) -> String {
    let value = delivery.message().value();
    value
        .get("text")
        .and_then(Value::as_str)
        .expect("a text")
        .to_owned()
}

fn message(text: &str) -> BTreeMap<&str, &str> {
    BTreeMap::from([("type", "test.message"), ("text", text)])
}

#[tokio::test]
async fn a_group_message_reaches_members_only_and_in_order() {
    let layer = Layer::new(MemoryLayer::new());
    let room = GroupName::new("room").expect("valid");
    let (mut first, mut first_mailbox) = layer.new_channel("specific").await.expect("a channel");
    let (mut second, mut second_mailbox) = layer.new_channel("specific").await.expect("a channel");
    let (_third, mut third_mailbox) = layer.new_channel("specific").await.expect("a channel");
    first.group_add(&room).await.expect("added");
    second.group_add(&room).await.expect("added");
    for text in ["a", "b"] {
        layer.group_send(&room, &message(text)).await.expect("sent");
    }
    for expected in ["a", "b"] {
        assert_eq!(text(&first_mailbox.recv().await), expected);
        assert_eq!(text(&second_mailbox.recv().await), expected);
    }
    assert!(third_mailbox.try_recv().is_none());

    second.group_discard(&room).await.expect("discarded");
    layer.group_send(&room, &message("c")).await.expect("sent");
    assert_eq!(text(&first_mailbox.recv().await), "c");
    assert!(second_mailbox.try_recv().is_none());
}

#[tokio::test]
async fn a_full_channel_refuses_a_send_and_silently_misses_a_group_send() {
    let layer = Layer::new(MemoryLayer::new().capacity(2));
    let room = GroupName::new("room").expect("valid");
    let (mut channel, mut mailbox) = layer.new_channel("specific").await.expect("a channel");
    channel.group_add(&room).await.expect("added");
    for text in ["1", "2"] {
        layer
            .send(channel.name(), &message(text))
            .await
            .expect("there is room");
    }
    let error = layer
        .send(channel.name(), &message("3"))
        .await
        .expect_err("no room");
    assert!(matches!(error, LayerError::ChannelFull(_)), "{error}");
    layer
        .group_send(&room, &message("4"))
        .await
        .expect("a group send never fails for that");
    assert_eq!(text(&mailbox.recv().await), "1");
    assert_eq!(text(&mailbox.recv().await), "2");
    assert!(mailbox.try_recv().is_none());
}

#[tokio::test]
async fn a_dropped_channel_leaves_its_groups_at_once() {
    let backend = Arc::new(MemoryLayer::new());
    let room = GroupName::new("room").expect("valid");
    let (name, mailbox) = backend.new_channel("specific").await.expect("a channel");
    backend.group_add(&room, &name).await.expect("added");
    assert_eq!(backend.groups.len(&room), 1);
    drop(mailbox);
    backend.abandon_channel(&name, vec![room.clone()]);
    assert!(backend.groups.is_empty());
    assert!(backend.directory.is_empty());
    backend
        .send(&name, Message::new(&message("x")).expect("a map"))
        .await
        .expect("dropped silently");
}

#[tokio::test(start_paused = true)]
async fn a_plain_channel_keeps_messages_for_a_later_receiver_until_they_expire() {
    let layer = MemoryLayer::new();
    let worker = ChannelName::new("thumbnails").expect("valid");
    let send = async |text: &str| {
        layer
            .send(&worker, Message::new(&message(text)).expect("a map"))
            .await
    };
    send("old").await.expect("sent");
    tokio::time::advance(Duration::from_secs(61)).await;
    send("new").await.expect("sent");
    let mut mailbox = layer.listen(&worker).await.expect("listening");
    assert_eq!(text(&mailbox.recv().await), "new");
    assert!(mailbox.try_recv().is_none());
}

#[tokio::test(start_paused = true)]
async fn channels_named_once_do_not_pile_up() {
    let layer = MemoryLayer::new();
    for number in 0..50 {
        let name = ChannelName::new(format!("once.{number}")).expect("valid");
        layer
            .send(&name, Message::new(&message("x")).expect("a map"))
            .await
            .expect("sent");
        tokio::time::advance(Duration::from_secs(20)).await;
    }
    assert!(layer.plain.len() < 10, "{} left", layer.plain.len());
}

#[tokio::test(start_paused = true)]
async fn a_plain_channel_stays_while_it_is_in_a_group_and_goes_after_it_has_left() {
    let layer = MemoryLayer::new();
    let worker = ChannelName::new("thumbnails").expect("valid");
    let group = GroupName::new("workers").expect("valid");
    layer.group_add(&group, &worker).await.expect("added");
    let sweep = async |number: u8| {
        tokio::time::advance(Duration::from_secs(61)).await;
        let other = ChannelName::new(format!("other.{number}")).expect("valid");
        let message = Message::new(&message("x")).expect("a map");
        layer.send(&other, message).await.expect("sent");
    };
    sweep(1).await;
    let message = Message::new(&message("to all")).expect("a map");
    layer.group_send(&group, message).await.expect("sent");
    let mut mailbox = layer.listen(&worker).await.expect("listening");
    assert_eq!(text(&mailbox.recv().await), "to all");
    drop(mailbox);
    layer.group_discard(&group, &worker).await.expect("left");
    sweep(2).await;
    sweep(3).await;
    assert_eq!(layer.plain.len(), 1, "the channel of the last sweep");
}

#[tokio::test]
async fn a_closed_layer_says_so() {
    let layer = Layer::new(MemoryLayer::new());
    layer.close().await;
    let error = layer.new_channel("specific").await.expect_err("closed");
    assert!(matches!(error, LayerError::Closed));
}

#[tokio::test]
async fn a_process_specific_channel_is_not_listened_to() {
    let layer = MemoryLayer::new();
    let name = ChannelName::new("specific.a!b").expect("valid");
    assert!(matches!(
        layer.listen(&name).await,
        Err(LayerError::Unsupported(_))
    ));
}

fn current_thread() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// More than a fan-out serves in one turn.
async fn many(layer: &Layer, room: &GroupName) -> Vec<(crate::Channel, Mailbox)> {
    let mut members = Vec::new();
    for _ in 0..=CHUNK {
        let (mut channel, mailbox) = layer.new_channel("specific").await.expect("a channel");
        channel.group_add(room).await.expect("added");
        members.push((channel, mailbox));
    }
    members
}

/// So often is the first send looked at, from the time when others have sent on: some have the first message then, all have
/// it, what waits is taken, some have that, all have everything.
const TURNS: usize = 4;

/// The first sender's runtime ends so many turns after its message is under way, and `others` have sent two more.
/// `None`: it does not end, but stands still from then on.
fn what_waits_outlives_a_runtime(
    (ending, turns): (Runtime, Option<usize>),
    others: fn(&Runtime, &Layer, &GroupName),
) {
    let live = multi_thread();
    let layer = Layer::new(MemoryLayer::new());
    let room = GroupName::new("room").expect("valid");
    let mut members = live.block_on(many(&layer, &room));
    ending.block_on(async {
        let first = message("first");
        let mut first = pin!(layer.group_send(&room, &first));
        let mut is_over = poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_ready())).await;
        std::thread::scope(|scope| {
            scope.spawn(|| others(&live, &layer, &room));
        });
        for _ in 0..turns.unwrap_or(usize::MAX) {
            if is_over && turns.is_none() {
                break;
            }
            tokio::task::yield_now().await;
            is_over = is_over || poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_ready())).await;
        }
    });
    let idle = turns.is_none().then_some(ending);
    live.block_on(async {
        for (_, mailbox) in &mut members {
            for expected in ["first", "second", "third"] {
                let next = timeout(Duration::from_secs(5), mailbox.recv()).await;
                assert_eq!(text(&next.expect("it is not lost")), expected);
            }
        }
    });
    drop(idle);
}

fn whenever_it_ends(others: fn(&Runtime, &Layer, &GroupName)) {
    for runtime in [current_thread, multi_thread] {
        for turns in (0..=TURNS).map(Some).chain([None]) {
            what_waits_outlives_a_runtime((runtime(), turns), others);
        }
    }
}

#[test]
fn what_others_sent_outlives_the_first_senders_runtime() {
    whenever_it_ends(|live, layer, room| {
        live.block_on(async {
            for text in ["second", "third"] {
                layer.group_send(room, &message(text)).await.expect("sent");
            }
        });
    });
}

#[test]
fn what_waits_outlives_every_senders_runtime() {
    for runtime in [current_thread, multi_thread] {
        for turns in (0..=TURNS).map(Some) {
            what_waits_outlives_a_runtime((runtime(), turns), |_, layer, room| {
                for text in ["second", "third"] {
                    multi_thread()
                        .block_on(layer.group_send(room, &message(text)))
                        .expect("sent");
                }
            });
        }
    }
}

#[test]
fn what_is_sent_where_nothing_goes_on_by_itself_has_arrived_all_the_same() {
    whenever_it_ends(|_, layer, room| {
        for text in ["second", "third"] {
            let said = message(text);
            let sending = layer.group_send(room, &said);
            // It waits behind the first one, or finds nobody under way.
            current_thread().block_on(sending).expect("sent");
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_was_sent_outlives_the_layer() {
    let layer = MemoryLayer::new();
    let room = GroupName::new("room").expect("valid");
    let mut mailboxes = Vec::new();
    for _ in 0..=CHUNK {
        let (name, mailbox) = layer.new_channel("specific").await.expect("a channel");
        layer.group_add(&room, &name).await.expect("added");
        mailboxes.push(mailbox);
    }
    let said = Message::new(&message("last")).expect("a map");
    layer.group_send(&room, said).await.expect("sent");
    drop(layer);
    for mailbox in &mut mailboxes {
        let next = timeout(Duration::from_secs(5), mailbox.recv()).await;
        assert_eq!(text(&next.expect("it is not lost")), "last");
    }
}
