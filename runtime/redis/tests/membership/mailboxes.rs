//! What consumers are told, and what becomes of those that are too slow.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use laureola_layers::mailbox::{Overflow, Received};
use laureola_layers::{ChannelName, Mailbox, Notice};
use laureola_redis::{Membership, RedisConfig};
use laureola_testkit::RedisServer;
use tokio::time::timeout;

use crate::{DEADLINE, connect, group_send, next, open, room, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_open_mailbox_hears_of_a_gap_and_its_end() {
    let (mut first, second) = (RedisServer::start(), RedisServer::start());
    let config = RedisConfig::default().hosts([first.url(), second.url()]);
    let layer = connect(config).await;
    let mut mailboxes = Vec::new();
    let mut channels = Vec::new();
    for _ in 0..3 {
        let (mut channel, mailbox) = open(&layer).await;
        channel.group_add(&room()).await.expect("added");
        mailboxes.push(mailbox);
        channels.push(channel);
    }
    let jobs = ChannelName::new("jobs").expect("a name");
    mailboxes.push(layer.listen(&jobs).await.expect("a plain channel"));
    first.stop();
    for mailbox in &mut mailboxes {
        assert_eq!(notice(mailbox).await, Notice::Disconnected);
    }
    first.restart();
    for mailbox in &mut mailboxes {
        assert_eq!(notice(mailbox).await, Notice::Reconnected);
    }
    // Only then: by now the memberships are restored.
    assert_eq!(
        first.command(&["ZCARD", "asgi:group:room"]).int(),
        3,
        "the group's host"
    );
    group_send(&layer, 1).await;
    for mailbox in &mut mailboxes[..3] {
        assert_eq!(next(mailbox).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_slow_consumer_loses_its_own_messages_and_no_others() {
    for membership in [Membership::Channel, Membership::Process] {
        let redis = RedisServer::start();
        let config = RedisConfig::new(redis.url()).capacity(10).membership(membership);
        let layer = connect(config).await;
        let (mut slow, mut unread) = open(&layer).await;
        let (mut quick, mut mailbox) = open(&layer).await;
        slow.group_add(&room()).await.expect("added");
        quick.group_add(&room()).await.expect("added");
        for n in 0..1_000 {
            group_send(&layer, n).await;
            assert_eq!(next(&mut mailbox).await, n, "the process's key never fills up");
        }
        // The oldest made room for the newest.
        for n in 990..1_000 {
            assert_eq!(next(&mut unread).await, n);
        }
        assert!(unread.try_recv().is_none());
        drop((slow, quick));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_consumer_may_lose_the_newest_or_be_told_to_close() {
    for overflow in [Overflow::DropNewest, Overflow::Close] {
        let redis = RedisServer::start();
        let config = RedisConfig::new(redis.url()).capacity(10).overflow(overflow);
        let layer = connect(config).await;
        let (slow, mut unread) = open(&layer).await;
        let (quick, mut mailbox) = open(&layer).await;
        for n in 0..30 {
            for channel in [&slow, &quick] {
                let message = BTreeMap::from([("n", n)]);
                while layer.send(channel.name(), &message).await.is_err() {}
            }
            assert_eq!(next(&mut mailbox).await, n);
        }
        if overflow == Overflow::Close {
            assert_eq!(notice(&mut unread).await, Notice::Overflowed);
        } else {
            for n in 0..10 {
                assert_eq!(next(&mut unread).await, n);
            }
        }
        assert!(unread.try_recv().is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_of_a_plain_channel_that_is_dropped_ends_its_connections_at_once() {
    let (first, second) = (RedisServer::start(), RedisServer::start());
    let config = RedisConfig::default().hosts([first.url(), second.url()]);
    let layer = connect(config).await;
    let mut mailbox = layer
        .listen(&ChannelName::new("jobs").expect("a name"))
        .await
        .expect("a plain channel");
    let receivers = || {
        [&first, &second].map(|redis| {
            let list = redis.command(&["CLIENT", "LIST"]);
            list.text().matches("name=laureola-receive").count()
        })
    };
    let nothing = timeout(std::time::Duration::from_millis(50), mailbox.recv()).await;
    assert!(nothing.is_err());
    until("a connection waits at each host", || receivers() == [1, 1]).await;
    drop(mailbox);
    until("they are gone", || receivers() == [0, 0]).await;
}

async fn notice(mailbox: &mut Mailbox) -> Notice {
    let next = async {
        loop {
            if let Received::Notice(notice) = mailbox.next().await {
                return notice;
            }
        }
    };
    timeout(DEADLINE, next).await.expect("a notice comes")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_receiver_of_a_plain_channel_has_not_taken_at_the_end_goes_to_the_next() {
    let redis = RedisServer::start();
    let layer = connect(RedisConfig::new(redis.url())).await;
    let other = connect(RedisConfig::new(redis.url())).await;
    let jobs = ChannelName::new("jobs").expect("a name");
    let mut mailbox = layer.listen(&jobs).await.expect("listening");
    // It begins to wait, and then has something else to do.
    assert!(mailbox.recv().now_or_never().is_none());
    let message = std::collections::BTreeMap::from([("n", 1)]);
    other.send(&jobs, &message).await.expect("sent");
    until("it is handed over", || {
        redis.command(&["ZCARD", "asgijobs"]).int() == 0
    })
    .await;
    layer.close().await;
    drop(mailbox);
    let mut mailbox = other.listen(&jobs).await.expect("listening");
    assert_eq!(next(&mut mailbox).await, 1);
}
