//! The in-memory layer against the Channel Layer Specification.

use laureola_layers::{Layer, MemoryLayer, conformance};

#[tokio::test]
async fn memory_layer_conforms() {
    conformance::run(async |settings| {
        Layer::new(
            MemoryLayer::new()
                .capacity(settings.capacity)
                .expiry(settings.expiry),
        )
    })
    .await;
}
