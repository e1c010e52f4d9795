//! The chat of Channels' tutorial, under Daphne.

use laureola_testkit::{DjangoSite, RedisServer};

use crate::load;

#[test]
fn daphne_brings_every_message_to_every_member() {
    let redis = RedisServer::start();
    let site = DjangoSite::start(&redis.url());
    let outcome = load(&format!(
        "fanout --url ws://127.0.0.1:{port}/ws/chat/{{room}}/ --origin http://127.0.0.1:{port} --rooms 2 --members 3 \
         --senders 2 --window 2 --settle 0.05 --warmup 0 --seconds 0.3",
        port = site.port()
    ));
    assert_eq!(outcome.connected, 6, "{outcome:?}");
    assert!(outcome.deliveries > 0, "{outcome:?}");
    let wrong = (
        outcome.lost,
        outcome.duplicates,
        outcome.reordered,
        outcome.errors,
    );
    assert_eq!(wrong, (0, 0, 0, 0), "{outcome:?}");
}
