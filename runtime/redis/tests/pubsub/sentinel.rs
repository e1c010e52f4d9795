//! With a Sentinel that makes a replica the master.

use laureola_layers::Notice;
use laureola_redis::{Host, RedisConfig};
use laureola_testkit::RedisServer;

use crate::support::{connect, group, notice, number, numbered, open, receive, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subscriptions_follow_the_master_whether_the_old_one_dies_or_lives_on() {
    for dies in [true, false] {
        let mut master = RedisServer::start();
        let port = master.port().to_string();
        master.command(&["CONFIG", "SET", "repl-diskless-sync-delay", "0"]);
        let replica = RedisServer::start_with(&["--replicaof", &format!("127.0.0.1 {port}")]);
        let sentinel = RedisServer::start_sentinel(&format!(
            "sentinel monitor mine 127.0.0.1 {port} 1\n\
             sentinel down-after-milliseconds mine 400\n\
             sentinel failover-timeout mine 3000"
        ));
        until("the sentinel knows the replica", async || {
            let info = sentinel.command(&["INFO", "sentinel"]);
            let info = info.text();
            info.contains("status=ok") && info.contains("slaves=1,sentinels=1") && {
                let role = replica.command(&["INFO", "replication"]);
                role.text().contains("master_link_status:up")
            }
        })
        .await;
        let host = Host::sentinel("mine", [("127.0.0.1", sentinel.port())]);
        let layer = connect(RedisConfig::new(host)).await;
        let (mut channel, mut mailbox) = open(&layer).await;
        channel.group_add(&group("room")).await.unwrap();
        if dies {
            master.stop();
        } else {
            until("the sentinel begins", async || {
                sentinel.command(&["SENTINEL", "FAILOVER", "mine"]).text() == "OK"
            })
            .await;
        }
        assert_eq!(notice(&mut mailbox).await, Notice::Disconnected);
        assert_eq!(notice(&mut mailbox).await, Notice::Reconnected);
        until("the new master has the subscriptions", async || {
            replica.command(&["PUBSUB", "CHANNELS"]).texts().len() == 2
        })
        .await;
        until("a send succeeds", async || {
            layer
                .group_send_message(&group("room"), numbered(7))
                .await
                .is_ok()
        })
        .await;
        assert_eq!(number(&receive(&mut mailbox).await), 7);
    }
}
