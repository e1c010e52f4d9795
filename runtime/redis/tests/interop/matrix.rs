//! With the real channels_redis in every configuration both have: formats, keys, hosts.

use std::time::{Duration, Instant};

use laureola_layers::{Capacities, Channel, ChannelName, GroupName, Layer, LayerError, Mailbox};
use laureola_message::{Message, Value};
use laureola_redis::{Membership, RedisChannelLayer, RedisConfig};
use laureola_testkit::RedisServer;
use serde_json::{Value as Json, json};

use crate::peer::{Peer, every_json_kind, every_kind, numbered, numbers, receive, receive_many};
use crate::{group, name};

/// Both sides, configured alike.
struct Both {
    hosts: usize,
    python: Peer,
    layer: Layer,
    /// Ended last.
    _servers: Vec<RedisServer>,
}

impl Both {
    async fn start(hosts: usize, python: Json, rust: impl FnOnce(RedisConfig) -> RedisConfig) -> Self {
        let servers: Vec<_> = (0..hosts).map(|_| RedisServer::start()).collect();
        let config = RedisConfig::default().hosts(servers.iter().map(RedisServer::url));
        let layer = RedisChannelLayer::connect(rust(config)).await.expect("servers");
        Self {
            hosts,
            python: Peer::start_on(&servers, python),
            layer: Layer::new(layer),
            _servers: servers,
        }
    }

    /// A channel that the reference sends to where it is received from. With several hosts its
    /// `send` takes the hash of the whole name, and most channels it never reaches.
    async fn reachable_channel(&mut self) -> (Channel, Mailbox) {
        loop {
            let (channel, mailbox) = self.layer.new_channel("specific").await.expect("a channel");
            let name = channel.name();
            if self.python.hash(name.as_str()) == self.python.hash(name.non_local()) {
                return (channel, mailbox);
            }
        }
    }

    async fn send(&self, channel: &str, message: &Message) -> Result<(), LayerError> {
        self.layer.send_message(&name(channel), message.clone()).await
    }

    async fn group_send(&self, to: &str, message: &Message) {
        let sending = self.layer.group_send_message(&group(to), message.clone()).await;
        sending.expect("a group send does not fail");
    }

    async fn group_messages_cross(&mut self, sent: &[Message]) {
        let theirs = [self.python.new_channel(), self.python.new_channel()];
        let mut ours = Vec::new();
        for _ in 0..3 {
            let (mut channel, mailbox) = self.layer.new_channel("specific").await.expect("a channel");
            channel.group_add(&group("room")).await.expect("added");
            ours.push((channel, mailbox));
        }
        for channel in &theirs {
            self.python.group_add("room", channel);
        }
        self.python.group_send("room", sent);
        for message in sent {
            self.group_send("room", message).await;
        }
        let twice = [sent, sent].concat();
        for (_, mailbox) in &mut ours {
            assert!(
                receive_many(mailbox, twice.len()).await == twice,
                "what a group brought us"
            );
        }
        for channel in &theirs {
            assert!(
                self.python.receive(channel, twice.len()) == twice,
                "what it brought them"
            );
        }
        for (channel, _) in ours {
            channel.close().await.expect("closed");
        }
    }

    async fn direct_messages_cross(&mut self, sent: &[Message]) {
        let (channel, mut mailbox) = self.reachable_channel().await;
        assert_eq!(self.python.send(channel.name().as_str(), sent), sent.len());
        assert!(receive_many(&mut mailbox, sent.len()).await == sent);
        // Ours reach every channel, whatever the hash of its whole name.
        for sent in [sent, &sent[..3], &sent[..3], &sent[..3]] {
            let theirs = self.python.new_channel();
            for message in sent {
                self.send(&theirs, message).await.expect("there is room");
            }
            assert!(self.python.receive(&theirs, sent.len()) == sent);
        }
    }

    /// Several hosts hold the messages of a plain channel in turn, and keep their order each.
    fn in_order(&self, mut messages: Vec<Message>) -> Vec<Message> {
        if self.hosts > 1 {
            messages.sort_by_key(|message| message.value().get("n").and_then(Value::as_i64));
        }
        messages
    }

    async fn plain_channels_cross(&mut self) {
        let sent = numbers(0..20);
        for message in &sent {
            self.send("thumbnails", message).await.expect("there is room");
        }
        let received = self.python.receive("thumbnails", 20);
        assert_eq!(self.in_order(received), sent);
        let mut mailbox = self
            .layer
            .listen(&name("thumbnails"))
            .await
            .expect("a plain channel");
        assert_eq!(self.python.send("thumbnails", &sent), 20);
        assert_eq!(self.in_order(receive_many(&mut mailbox, 20).await), sent);
        self.python.group_add("room", "thumbnails");
        self.python.group_send("room", &[numbered(1)]);
        assert_eq!(receive(&mut mailbox).await, numbered(1), "as a group's member");
        self.python.group_discard("room", "thumbnails");
    }
}

async fn everything_crosses(hosts: usize, format: &str, encrypted: bool, membership: Membership) {
    // The keys are being rotated: each side writes with one that is the other's second.
    let (theirs, ours): (&[&str], &[&str]) = if encrypted {
        (&["new", "old"], &["old", "new"])
    } else {
        (&[], &[])
    };
    let options = json!({"serializer_format": format, "symmetric_encryption_keys": theirs});
    let mut both = Both::start(hosts, options, |config| {
        config
            .serializer_format(format)
            .symmetric_encryption_keys(ours.iter().copied())
            .membership(membership)
    })
    .await;
    let kind = if format == "json" {
        every_json_kind
    } else {
        every_kind
    };
    let mut sent = numbers(0..10);
    sent.extend([0, 300, 70_000].map(kind));
    both.group_messages_cross(&sent).await;
    sent.push(kind(1 << 20));
    both.direct_messages_cross(&sent).await;
    both.plain_channels_cross().await;
}

macro_rules! matrix {
    ($($test:ident: $hosts:literal, $format:literal, $encrypted:literal, $membership:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            everything_crosses($hosts, $format, $encrypted, Membership::$membership).await;
        }
    )*};
}

matrix! {
    msgpack_plain_1_host: 1, "msgpack", false, Channel;
    msgpack_plain_2_hosts: 2, "msgpack", false, Channel;
    msgpack_encrypted_1_host: 1, "msgpack", true, Channel;
    msgpack_encrypted_2_hosts: 2, "msgpack", true, Channel;
    json_plain_1_host: 1, "json", false, Channel;
    json_plain_2_hosts: 2, "json", false, Channel;
    json_encrypted_1_host: 1, "json", true, Channel;
    json_encrypted_2_hosts: 2, "json", true, Channel;
    process_membership_1_host: 1, "msgpack", false, Process;
    process_membership_2_hosts: 2, "json", true, Process;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_at_the_border_cross_and_longer_ones_are_refused() {
    let mut both = Both::start(1, json!({}), |config| config).await;
    let (longest, group_name) = ("x".repeat(99), "g".repeat(99));
    both.send(&longest, &numbered(1)).await.expect("there is room");
    assert_eq!(both.python.receive(&longest, 1), [numbered(1)]);
    let mut mailbox = both.layer.listen(&name(&longest)).await.expect("a plain channel");
    both.python.group_add(&group_name, &longest);
    both.python.group_send(&group_name, &[numbered(2)]);
    assert_eq!(receive(&mut mailbox).await, numbered(2));
    both.group_send(&group_name, &numbered(3)).await;
    assert_eq!(receive(&mut mailbox).await, numbered(3));
    assert!(ChannelName::new("x".repeat(100)).is_err());
    assert!(GroupName::new("g".repeat(100)).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn capacities_by_name_are_the_same_on_either_side() {
    let globs = [("[!a]obs.b*", 2), ("jobs.*", 4), ("specific.*", 3)];
    let map: serde_json::Map<_, _> = globs
        .iter()
        .map(|(glob, capacity)| ((*glob).to_owned(), json!(capacity)))
        .collect();
    let mut both = Both::start(1, json!({"channel_capacity": map, "capacity": 6}), |config| {
        let exceptions = globs
            .iter()
            .fold(Capacities::default(), |capacities, (glob, capacity)| {
                capacities.with(glob, *capacity).expect("a glob")
            });
        config.capacity(6).channel_capacity(exceptions)
    })
    .await;
    let theirs = both.python.new_channel();
    for (channel, capacity) in [("jobs.b", 2), ("jobs.a", 4), ("mail", 6), (theirs.as_str(), 3)] {
        // Ours fill it but for one place, theirs takes that, and then neither side finds room.
        for n in 1..capacity {
            both.send(channel, &numbered(n)).await.expect("there is room");
        }
        assert_eq!(both.python.send(channel, &numbers(0..9)), 1, "{channel}");
        let full = both.send(channel, &numbered(9)).await;
        assert!(matches!(full, Err(LayerError::ChannelFull(_))), "{channel}");
    }
    // A group send sees the same capacities.
    both.python.group_add("room", &theirs);
    both.group_send("room", &numbered(7)).await;
    assert_eq!(both.python.receive(&theirs, 3).len(), 3);
    both.group_send("room", &numbered(8)).await;
    assert_eq!(both.python.receive(&theirs, 1), [numbered(8)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_length_of_the_random_prefix_is_shared() {
    // Without one, equal messages would be one member of the set, on either side.
    for length in [5, 20] {
        let options = json!({"random_prefix_length": length});
        let mut both = Both::start(1, options, |config| config.random_prefix_length(length)).await;
        both.group_messages_cross(&numbers(0..3)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_adds_and_discards_a_channel_beside_its_dispatcher() {
    let mut both = Both::start(1, json!({}), |config| config.membership(Membership::Process)).await;
    let (mut member, mut member_mailbox) = both.layer.new_channel("specific").await.expect("a channel");
    let (guest, mut guest_mailbox) = both.layer.new_channel("specific").await.expect("a channel");
    member.group_add(&group("room")).await.expect("added");
    for channel in [&member, &guest] {
        both.python.group_add("room", channel.name().as_str());
    }
    both.python.group_send("room", &[numbered(1)]);
    both.python.group_discard("room", guest.name().as_str());
    both.python.group_send("room", &[numbered(2)]);
    both.python.send(guest.name().as_str(), &[numbered(3)]);
    both.python.send(member.name().as_str(), &[numbered(3)]);
    // Once each, though the member stands there twice.
    assert_eq!(
        receive_many(&mut member_mailbox, 3).await,
        [numbered(1), numbered(2), numbered(3)]
    );
    assert_eq!(
        receive_many(&mut guest_mailbox, 2).await,
        [numbered(1), numbered(3)]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_messages_are_gone_on_either_side() {
    const EXPIRY: Duration = Duration::from_secs(2);
    let brief = json!({"expiry": 2, "capacity": 2});
    let mut both = Both::start(2, brief, |config| config.expiry(EXPIRY).capacity(2)).await;
    let theirs = both.python.new_channel();
    both.python.group_add("room", &theirs);
    for n in 0..2 {
        both.send(&theirs, &numbered(n)).await.expect("there is room");
    }
    let sent = Instant::now();
    let full = both.send(&theirs, &numbered(2)).await;
    assert!(matches!(full, Err(LayerError::ChannelFull(_))));
    // Both have to be old: with one of them still there, the second of the next two has no room.
    while sent.elapsed() <= EXPIRY {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Room is made where the key is, which need not be the group's host.
    let (first, second) = (numbered(3), numbered(4));
    both.send(&theirs, &first).await.expect("room is made");
    both.group_send("room", &second).await;
    assert_eq!(both.python.receive(&theirs, 2), [first, second]);
}
