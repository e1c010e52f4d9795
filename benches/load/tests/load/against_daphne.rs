//! The chat of Channels' tutorial, under Daphne.

use laureola_testkit::{DjangoSite, RedisServer};

use crate::load_until;

#[test]
fn daphne_brings_every_message_to_every_member() {
    let redis = RedisServer::start();
    let site = DjangoSite::start(&redis.url());
    let line = format!(
        "fanout --url ws://127.0.0.1:{port}/ws/chat/{{room}}/ --origin http://127.0.0.1:{port} --rooms 2 --members 3 \
         --senders 2 --window 2 --settle 0 --warmup 0",
        port = site.port()
    );
    let outcome = load_until(&line, |outcome| outcome.deliveries > 0);
    assert_eq!(outcome.connected, 6, "{outcome:?}");
    let wrong = (
        outcome.lost,
        outcome.duplicates,
        outcome.reordered,
        outcome.errors,
    );
    assert_eq!(wrong, (0, 0, 0, 0), "{outcome:?}");
}
