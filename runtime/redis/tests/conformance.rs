//! The core layer against the Channel Layer Specification, in every configuration.

use laureola_layers::Layer;
use laureola_layers::conformance::{self, Abilities};
use laureola_redis::{Membership, RedisChannelLayer, RedisConfig};
use laureola_testkit::RedisServer;

/// Runs the suite on so many hosts.
async fn conforms(hosts: usize, format: &str, keys: &[&str], membership: Membership) {
    let servers: Vec<_> = (0..hosts).map(|_| RedisServer::start()).collect();
    let mut abilities = Abilities::default().servers(hosts);
    if format == "json" {
        abilities = abilities.without_bytes();
    }
    conformance::run_with(abilities, async |settings| {
        for server in &servers {
            server.command(&["FLUSHALL"]);
        }
        let config = RedisConfig::default()
            .hosts(servers.iter().map(RedisServer::url))
            .capacity(settings.capacity)
            .expiry(settings.expiry)
            .serializer_format(format)
            .symmetric_encryption_keys(keys.iter().copied())
            .membership(membership);
        Layer::new(RedisChannelLayer::connect(config).await.expect("servers"))
    })
    .await;
}

macro_rules! matrix {
    ($($name:ident: $hosts:literal, $format:literal, $keys:expr, $membership:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            conforms($hosts, $format, &$keys, Membership::$membership).await;
        }
    )*};
}

matrix! {
    channel_msgpack_plain_1_host: 1, "msgpack", [], Channel;
    channel_msgpack_plain_3_hosts: 3, "msgpack", [], Channel;
    channel_msgpack_encrypted_1_host: 1, "msgpack", ["new", "old"], Channel;
    channel_msgpack_encrypted_3_hosts: 3, "msgpack", ["new", "old"], Channel;
    channel_json_plain_1_host: 1, "json", [], Channel;
    channel_json_plain_3_hosts: 3, "json", [], Channel;
    channel_json_encrypted_1_host: 1, "json", ["new", "old"], Channel;
    channel_json_encrypted_3_hosts: 3, "json", ["new", "old"], Channel;
    process_msgpack_plain_1_host: 1, "msgpack", [], Process;
    process_msgpack_plain_3_hosts: 3, "msgpack", [], Process;
    process_msgpack_encrypted_1_host: 1, "msgpack", ["new", "old"], Process;
    process_msgpack_encrypted_3_hosts: 3, "msgpack", ["new", "old"], Process;
    process_json_plain_1_host: 1, "json", [], Process;
    process_json_plain_3_hosts: 3, "json", [], Process;
    process_json_encrypted_1_host: 1, "json", ["new", "old"], Process;
    process_json_encrypted_3_hosts: 3, "json", ["new", "old"], Process;
}
