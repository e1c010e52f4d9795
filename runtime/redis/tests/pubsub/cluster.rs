//! Sharded pub/sub in a Redis Cluster of three real nodes.

use std::time::Duration;

use laureola_layers::{Channel, Layer, Mailbox, Notice, conformance};
use laureola_redis::{RedisConfig, RedisPubSubChannelLayer};
use laureola_testkit::{RedisServer, RespValue};
use tokio::time::{sleep, timeout};

use crate::support::{DEADLINE, PAUSE, group, notice, number, numbered, open, receive, until};

/// So many groups, over all slots.
const ROOMS: usize = 24;

/// A node that finds a dead one within a second.
fn node() -> RedisServer {
    RedisServer::start_with(&[
        "--cluster-enabled",
        "yes",
        "--cluster-node-timeout",
        "1000",
        "--cluster-require-full-coverage",
        "no",
    ])
}

/// Three masters that share the slots.
async fn cluster() -> Vec<RedisServer> {
    let nodes: Vec<_> = (0..3).map(|_| node()).collect();
    for (number, node) in nodes.iter().enumerate() {
        let (first, last) = (number * 5_461, ((number + 1) * 5_461 - 1).max(number * 8_191));
        let last = if number == 2 { 16_383 } else { last };
        ok(
            node,
            &["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()],
        );
        ok(node, &["CLUSTER", "SET-CONFIG-EPOCH", &(number + 1).to_string()]);
    }
    for node in &nodes[1..] {
        meet(&nodes[0], node);
    }
    healthy(&nodes).await;
    nodes
}

fn ok(node: &RedisServer, command: &[&str]) {
    assert_eq!(
        node.command(command),
        RespValue::Simple("OK".into()),
        "{command:?}"
    );
}

fn meet(node: &RedisServer, other: &RedisServer) {
    ok(node, &["CLUSTER", "MEET", "127.0.0.1", &other.port().to_string()]);
}

/// Waits until every node knows the others and who has which slot.
async fn healthy(nodes: &[RedisServer]) {
    until("the nodes agree", async || {
        nodes.iter().all(|node| {
            let info = node.command(&["CLUSTER", "INFO"]);
            let slots = node.command(&["CLUSTER", "NODES"]);
            let lines = slots.text().lines().filter(|line| !line.contains("handshake"));
            info.text().contains("cluster_state:ok")
                && info.text().contains("cluster_slots_ok:16384")
                && lines.count() >= nodes.len()
        })
    })
    .await;
}

fn id(node: &RedisServer) -> String {
    node.command(&["CLUSTER", "MYID"]).text().to_owned()
}

async fn connect(nodes: &[RedisServer]) -> Layer {
    let config = RedisConfig::default().hosts(nodes.iter().map(RedisServer::url));
    let builder = RedisPubSubChannelLayer::builder(config).sharded();
    Layer::new(builder.connect().await.expect("a cluster"))
}

fn room(n: usize) -> laureola_layers::GroupName {
    group(&format!("room_{n}"))
}

/// A channel in each room.
async fn members(layer: &Layer) -> Vec<(Channel, Mailbox)> {
    let mut members = Vec::new();
    for n in 0..ROOMS {
        let (mut channel, mailbox) = open(layer).await;
        channel.group_add(&room(n)).await.expect("added");
        members.push((channel, mailbox));
    }
    members
}

/// Every member gets a new message through its group and through its own name, from another
/// process's layer.
async fn all_receive(sender: &Layer, members: &mut [(Channel, Mailbox)], mark: i64) {
    for (n, (channel, mailbox)) in members.iter_mut().enumerate() {
        until("a group send succeeds", async || {
            sender.group_send_message(&room(n), numbered(mark)).await.is_ok()
        })
        .await;
        while number(&receive(mailbox).await) != mark {}
        sender
            .send_message(channel.name(), numbered(mark + 1))
            .await
            .expect("sent");
        while number(&receive(mailbox).await) != mark + 1 {}
    }
}

/// Tries until a message comes through every room: after a change in the Cluster some may be lost.
async fn recover(sender: &Layer, members: &mut [(Channel, Mailbox)]) {
    let recovering = async {
        for (n, (_, mailbox)) in members.iter_mut().enumerate() {
            loop {
                let _ = sender.group_send_message(&room(n), numbered(-1)).await;
                if timeout(Duration::from_millis(50), mailbox.recv()).await.is_ok() {
                    break;
                }
                sleep(PAUSE).await;
            }
            while mailbox.try_recv().is_some() {}
        }
    };
    timeout(DEADLINE, recovering).await.expect("every room is back");
}

/// The number of shard channels a node serves.
fn served(node: &RedisServer) -> usize {
    node.command(&["PUBSUB", "SHARDCHANNELS"]).texts().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_conforms() {
    let nodes = cluster().await;
    let abilities = conformance::Abilities::default().without_queues().servers(3);
    conformance::run_with(abilities, async |settings| {
        let config = RedisConfig::default()
            .hosts(nodes.iter().map(RedisServer::url))
            .capacity(settings.capacity);
        let builder = RedisPubSubChannelLayer::builder(config).sharded();
        Layer::new(builder.connect().await.expect("a cluster"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn groups_are_spread_over_the_nodes_and_left_again() {
    let nodes = cluster().await;
    let (layer, other) = (connect(&nodes[..1]).await, connect(&nodes[1..2]).await);
    let mut members = members(&layer).await;
    all_receive(&other, &mut members, 1).await;
    let spread: Vec<_> = nodes.iter().map(served).collect();
    assert_eq!(spread.iter().sum::<usize>(), 2 * ROOMS, "each once: {spread:?}");
    assert!(spread.iter().all(|served| *served > 0), "{spread:?}");
    for (channel, _) in members {
        channel.close().await.expect("closed");
    }
    until("nothing is subscribed to", async || {
        nodes.iter().all(|node| served(node) == 0)
    })
    .await;
    layer.close().await;
    other.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_follow_slots_that_move_to_another_node() {
    let nodes = cluster().await;
    let (layer, other) = (connect(&nodes).await, connect(&nodes).await);
    let mut members = members(&layer).await;
    all_receive(&other, &mut members, 1).await;
    assert!(served(&nodes[0]) > 0);
    // All of the first node's slots go to the second; they hold no keys.
    let target = id(&nodes[1]);
    for slot in 0..5_461 {
        for node in [&nodes[1], &nodes[0], &nodes[2]] {
            node.command(&["CLUSTER", "SETSLOT", &slot.to_string(), "NODE", &target]);
        }
    }
    healthy(&nodes).await;
    recover(&other, &mut members).await;
    all_receive(&other, &mut members, 3).await;
    assert_eq!(served(&nodes[0]), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_master_is_replaced_by_its_replica_and_groups_go_on() {
    let mut nodes = cluster().await;
    let replica = node();
    meet(&nodes[0], &replica);
    until("the replica knows its master", async || {
        let replicate = ["CLUSTER", "REPLICATE", &id(&nodes[0])];
        replica.command(&replicate) == RespValue::Simple("OK".into())
    })
    .await;
    until("the replica is in step", async || {
        replica
            .command(&["INFO", "replication"])
            .text()
            .contains("master_link_status:up")
            && nodes
                .iter()
                .all(|node| node.command(&["CLUSTER", "NODES"]).text().contains("slave"))
    })
    .await;
    let (layer, other) = (connect(&nodes).await, connect(&nodes[1..]).await);
    let mut members = members(&layer).await;
    all_receive(&other, &mut members, 1).await;
    nodes[0].stop();
    for (_, mailbox) in &mut members {
        assert_eq!(notice(mailbox).await, Notice::Disconnected);
    }
    recover(&other, &mut members).await;
    for (_, mailbox) in &mut members {
        assert_eq!(notice(mailbox).await, Notice::Reconnected);
    }
    all_receive(&other, &mut members, 3).await;
    assert!(served(&replica) > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_connection_to_one_node_is_made_anew() {
    let nodes = cluster().await;
    let (layer, other) = (connect(&nodes).await, connect(&nodes).await);
    let mut members = members(&layer).await;
    nodes[2].command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
    let mailbox = &mut members[0].1;
    assert_eq!(notice(mailbox).await, Notice::Disconnected);
    assert_eq!(notice(mailbox).await, Notice::Reconnected);
    all_receive(&other, &mut members, 1).await;
}
