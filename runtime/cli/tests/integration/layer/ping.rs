//! `ping`: does every host answer?

use laureola_testkit::{RedisServer, free_port};
use serde_json::json;

use super::config::ConfigFile;
use super::{layer, run};

#[test]
fn a_host_tells_its_version_and_role() {
    let redis = RedisServer::start();
    let ping = layer(&redis, &["ping"]);
    let rows = ping.rows();
    let [host, latency, server, role] = rows[0][..] else {
        panic!("{rows:?}");
    };
    assert_eq!(host, format!("redis://127.0.0.1:{}/0", redis.port()));
    assert!(latency.ends_with(" ms"), "{latency}");
    assert!(
        server.starts_with("Redis ") || server.starts_with("Valkey "),
        "{server}"
    );
    assert_eq!(role, "master");
}

#[test]
fn every_host_is_asked_though_one_is_down() {
    let redis = RedisServer::start();
    let down = format!("redis://:s3cret@127.0.0.1:{}", free_port());
    let config = json!({ "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": { "hosts": [down, redis.url()] },
    } });
    let file = ConfigFile::new("json", &config.to_string());
    let ping = run(&["layer", "ping", "--json", "--layer-config", file.path()]);
    ping.failed(1, &["1 of 2 hosts failed", "connection refused"]);
    assert!(!ping.stderr.contains("s3cret") && !ping.stdout.contains("s3cret"));
    let hosts: serde_json::Value = serde_json::from_str(&ping.stdout).expect("JSON");
    assert_eq!((&hosts[0]["ok"], &hosts[1]["ok"]), (&json!(false), &json!(true)));
    let table = run(&["layer", "ping", "--layer-config", file.path()]).stdout;
    assert!(table.contains("no answer") && table.contains("master"), "{table}");
}

#[test]
fn a_replica_and_a_wrong_password_are_said() {
    let master = RedisServer::start();
    let port = master.port().to_string();
    let replica = RedisServer::start_with(&["--replicaof", "127.0.0.1", &port]);
    layer(&replica, &["ping"]).failed(1, &["it is a replica"]);
    let closed = RedisServer::start_with(&["--requirepass", "right"]);
    layer(&closed, &["ping"]).failed(1, &["the server wants a password"]);
}
