//! The Redis layer against the Channel Layer Specification.

use laureola_layers::{Layer, conformance};
use laureola_redis::{RedisChannelLayer, RedisConfig};
use laureola_testkit::RedisServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_layer_conforms() {
    let redis = RedisServer::start();
    conformance::run(async |settings| {
        redis.command(&["FLUSHALL"]);
        let config = RedisConfig::new(redis.url())
            .capacity(settings.capacity)
            .expiry(settings.expiry);
        Layer::new(RedisChannelLayer::connect(config).await.expect("a server"))
    })
    .await;
}
