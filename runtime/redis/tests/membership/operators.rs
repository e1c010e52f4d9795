//! What operators see and clean up.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use laureola_layers::{ChannelLayer, ChannelName};
use laureola_message::serializer::{MsgpackSerializer, Serializer};
use laureola_message::{CodecError, Message, SerializersRegistry};
use laureola_redis::{RedisChannelLayer, RedisConfig};
use laureola_testkit::RedisServer;

use crate::{group, room};

const PYTHON: &str = "specific.0123456789abcdef0123456789abcdef!";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_members_depths_and_answers_are_shown_for_every_host() {
    let servers = [RedisServer::start(), RedisServer::start()];
    let config = RedisConfig::default().hosts(servers.each_ref().map(RedisServer::url));
    let layer = RedisChannelLayer::connect(config).await.expect("servers");
    let (channel, _mailbox) = layer.new_channel("specific").await.expect("a channel");
    // They hash to the first and the second host.
    for name in ["room", "chat_lobby"] {
        layer.group_add(&group(name), &channel).await.expect("added");
    }
    let groups = layer.groups().await.expect("servers");
    let shown: Vec<_> = groups
        .iter()
        .map(|group| (group.name.as_str(), group.members, group.host.clone()))
        .collect();
    let hosts = servers
        .each_ref()
        .map(|server| format!("127.0.0.1:{}", server.port()));
    assert_eq!(
        shown,
        [("chat_lobby", 1, hosts[1].clone()), ("room", 1, hosts[0].clone())]
    );

    let members = layer.members(&room()).await.expect("servers");
    let [(name, joined)] = members.as_slice() else {
        panic!("one member, not {members:?}");
    };
    let now = SystemTime::UNIX_EPOCH
        .elapsed()
        .expect("after 1970")
        .as_secs_f64();
    assert!(*name == channel.as_str() && (now - joined).abs() < 10.0);

    let jobs = ChannelName::new("jobs").expect("a name");
    for _ in 0..5 {
        layer.send(&jobs, message()).await.expect("there is room");
    }
    let waiting: Vec<_> = layer
        .depth(&jobs)
        .await
        .expect("servers")
        .iter()
        .map(|depth| depth.waiting)
        .collect();
    assert_eq!(waiting, [3, 2]);
    let theirs = ChannelName::new(format!("{PYTHON}1")).expect("a name");
    layer.send(&theirs, message()).await.expect("there is room");
    let depths = layer.depth(&theirs).await.expect("servers");
    assert_eq!((depths.len(), depths[0].waiting, depths[0].in_flight), (1, 1, 0));

    let pings = layer.ping().await;
    assert!(pings.iter().all(|ping| ping.latency.is_ok()));
    assert!(pings.iter().map(|ping| &ping.host).eq(&hosts));
    layer.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gc_removes_the_dead_and_python_members_only_by_age() {
    let redis = RedisServer::start();
    let config = || RedisConfig::new(redis.url()).heartbeat(Duration::from_secs(1));
    let operator = RedisChannelLayer::connect(config()).await.expect("a server");
    let living = RedisChannelLayer::connect(config()).await.expect("a server");
    let (channel, _mailbox) = living.new_channel("specific").await.expect("a channel");
    living.group_add(&room(), &channel).await.expect("added");
    for (score, name) in [
        ("1000", format!("{PYTHON}old")),
        ("9999999999", format!("{PYTHON}new")),
        ("1000", "worker".to_owned()),
    ] {
        redis.command(&["ZADD", "asgi:group:room", score, &name]);
    }
    // A process of Laureola of which nothing is left but its members, as after a night without any.
    let dead = "fedcba9876543210fedcba9876543210";
    redis.command(&["ZADD", "asgi:laureola:processes", "9999999999", dead]);
    redis.command(&[
        "ZADD",
        "asgi:group:room",
        "9999999999",
        &format!("specific.{dead}!1"),
    ]);

    let report = operator.gc(None).await.expect("a server");
    assert_eq!((report.processes, report.groups, report.members), (1, 1, 1));
    assert_eq!(redis.command(&["ZCARD", "asgi:group:room"]).int(), 4);
    let report = operator
        .gc(Some(Duration::from_secs(3600)))
        .await
        .expect("a server");
    assert_eq!(report.members, 1);
    let left = redis.command(&["ZRANGE", "asgi:group:room", "0", "-1"]);
    let left = left.texts();
    for name in [channel.as_str(), &format!("{PYTHON}new"), "worker"] {
        assert!(left.contains(&name), "{name} stays in {left:?}");
    }
    // Of a living process nothing goes, however long ago it joined.
    let report = operator.gc(Some(Duration::ZERO)).await.expect("a server");
    assert_eq!(report.members, 0);
    living.close().await;
}

/// msgpack behind a byte of its own.
#[derive(Debug)]
struct Versioned;

impl Serializer for Versioned {
    fn encode(
        &self,
        message: &Message,
        channels: Option<laureola_message::Channels<'_>>,
    ) -> Result<bytes::Bytes, CodecError> {
        MsgpackSerializer.encode_behind(&[7], message, channels)
    }

    fn decode(&self, mut payload: bytes::Bytes) -> Result<(Message, Vec<laureola_message::Str>), CodecError> {
        assert!(payload.starts_with(&[7]), "what stands in Redis");
        MsgpackSerializer.decode(payload.split_off(1))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_serializer_of_ones_own_is_used_by_its_name() {
    let redis = RedisServer::start();
    let mut registry = SerializersRegistry::default();
    registry.register("versioned", Arc::new(Versioned));
    let config = || RedisConfig::new(redis.url()).serializer_format("versioned");
    let layer = RedisChannelLayer::connect_with(config(), &registry)
        .await
        .expect("a server");
    let (channel, mut mailbox) = layer.new_channel("specific").await.expect("a channel");
    layer.send(&channel, message()).await.expect("there is room");
    assert_eq!(*mailbox.recv().await.message(), message());
    layer.close().await;
    let unknown = RedisChannelLayer::connect(config())
        .await
        .expect_err("not registered");
    assert_eq!(
        unknown.to_string(),
        "the channel layer's serializer_format cannot be used"
    );
}

fn message() -> Message {
    Message::new(&std::collections::BTreeMap::from([("n", 1)])).expect("a map")
}
