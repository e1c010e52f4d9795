//! Against the Channel Layer Specification, as far as it goes without queues in Redis, in every
//! configuration.

use laureola_layers::Layer;
use laureola_layers::conformance::{self, Abilities};
use laureola_redis::RedisPubSubChannelLayer;
use laureola_redis::pubsub::Protocol;

use crate::support::{config, servers};

/// Runs the suite on so many hosts.
async fn conforms(hosts: usize, format: &str, keys: &[&str], protocol: Protocol) {
    let redis = servers(hosts);
    let mut abilities = Abilities::default().without_queues().servers(hosts);
    if format == "json" {
        abilities = abilities.without_bytes();
    }
    conformance::run_with(abilities, async |settings| {
        let config = config(&redis)
            .capacity(settings.capacity)
            .expiry(settings.expiry)
            .serializer_format(format)
            .symmetric_encryption_keys(keys.iter().copied());
        let builder = RedisPubSubChannelLayer::builder(config).protocol(protocol);
        Layer::new(builder.connect().await.expect("servers"))
    })
    .await;
}

macro_rules! matrix {
    ($($name:ident: $hosts:literal, $format:literal, $keys:expr, $protocol:ident;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            conforms($hosts, $format, &$keys, Protocol::$protocol).await;
        }
    )*};
}

matrix! {
    resp3_msgpack_plain_1_host: 1, "msgpack", [], Newest;
    resp3_msgpack_plain_3_hosts: 3, "msgpack", [], Newest;
    resp3_msgpack_encrypted_1_host: 1, "msgpack", ["new", "old"], Newest;
    resp3_msgpack_encrypted_3_hosts: 3, "msgpack", ["new", "old"], Newest;
    resp3_json_plain_1_host: 1, "json", [], Newest;
    resp3_json_plain_3_hosts: 3, "json", [], Newest;
    resp3_json_encrypted_1_host: 1, "json", ["new", "old"], Newest;
    resp3_json_encrypted_3_hosts: 3, "json", ["new", "old"], Newest;
    resp2_msgpack_plain_1_host: 1, "msgpack", [], Resp2;
    resp2_msgpack_plain_3_hosts: 3, "msgpack", [], Resp2;
    resp2_msgpack_encrypted_1_host: 1, "msgpack", ["new", "old"], Resp2;
    resp2_msgpack_encrypted_3_hosts: 3, "msgpack", ["new", "old"], Resp2;
    resp2_json_plain_1_host: 1, "json", [], Resp2;
    resp2_json_plain_3_hosts: 3, "json", [], Resp2;
    resp2_json_encrypted_1_host: 1, "json", ["new", "old"], Resp2;
    resp2_json_encrypted_3_hosts: 3, "json", ["new", "old"], Resp2;
}
