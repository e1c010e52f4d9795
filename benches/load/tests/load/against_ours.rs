//! Our own server does what it says.

use crate::live::Live;
use crate::{load, load_until};

#[test]
fn every_member_of_every_room_gets_every_message() {
    let live = Live::start();
    let line = format!(
        "fanout --url ws://{}/ws/chat/{{room}}/ --rooms 3 --members 5 --senders 2 --window 4 \
         --settle 0 --warmup 0.1 --server-pid {}",
        live.address,
        std::process::id()
    );
    let outcome = load_until(&line, |outcome| outcome.deliveries > 0);
    assert_eq!((outcome.connected, outcome.connections), (15, 15), "{outcome:?}");
    assert!(
        outcome.deliveries > 0 && outcome.deliveries <= outcome.expected,
        "{outcome:?}"
    );
    let wrong = (
        outcome.lost,
        outcome.duplicates,
        outcome.reordered,
        outcome.errors,
    );
    assert_eq!(wrong, (0, 0, 0, 0), "{outcome:?}");
    assert_eq!(outcome.expected, outcome.messages * 5);
    assert!(
        outcome
            .latency_us
            .is_some_and(|latency| latency.p50 <= latency.p99 && latency.p99 <= latency.max)
    );
    assert!(
        outcome.rss_kib.is_some_and(|memory| memory.server_after > 0),
        "{outcome:?}"
    );
}

#[test]
fn a_rate_is_kept_whatever_the_server_does() {
    let live = Live::start();
    let outcome = load(&format!(
        "fanout --url ws://{}/ws/chat/{{room}}/ --members 3 --rate 100 --settle 0 --warmup 0 --seconds 0.5",
        live.address
    ));
    assert!((50..=51).contains(&outcome.messages), "{outcome:?}");
    assert_eq!(outcome.lost, 0, "{outcome:?}");
    assert!(outcome.send_lag_us.is_some());
}

#[test]
fn members_are_spread_over_the_servers() {
    let (one, two) = (Live::start(), Live::start());
    let line = format!(
        "fanout --url ws://{}/ws/chat/{{room}}/ --url ws://{}/ws/chat/{{room}}/ --members 4 --settle 0 --warmup 0 \
         --message-timeout 1",
        one.address, two.address
    );
    let outcome = load_until(&line, |outcome| outcome.messages > 0);
    // They share no layer: half of the members get a message.
    assert_eq!(outcome.connected, 4);
    assert!(
        outcome.messages > 0 && outcome.lost * 2 == outcome.expected,
        "{outcome:?}"
    );
}

#[test]
fn an_echo_comes_back_on_each_connection() {
    let live = Live::start();
    let line = format!(
        "echo --url ws://{}/echo/ --connections 8 --window 3 --bytes 300 --settle 0 --warmup 0",
        live.address
    );
    let outcome = load_until(&line, |outcome| outcome.deliveries > 8);
    assert!(outcome.deliveries > 8, "{outcome:?}");
    assert_eq!((outcome.lost, outcome.errors), (0, 0), "{outcome:?}");
}

#[test]
fn long_messages_come_back_whole() {
    let live = Live::start();
    let line = format!(
        "echo --url ws://{}/echo/ --connections 2 --bytes 200000 --settle 0 --warmup 0",
        live.address
    );
    let outcome = load_until(&line, |outcome| outcome.deliveries > 0);
    assert!(outcome.deliveries > 0, "{outcome:?}");
    assert_eq!((outcome.lost, outcome.errors), (0, 0), "{outcome:?}");
}

#[test]
fn pages_are_asked_for_one_after_the_other() {
    let live = Live::start();
    let line = format!("hello --url http://{}/ --connections 8 --warmup 0", live.address);
    let outcome = load_until(&line, |outcome| outcome.deliveries > 8);
    assert!(outcome.deliveries > 8, "{outcome:?}");
    assert_eq!((outcome.lost, outcome.errors), (0, 0), "{outcome:?}");
    let missing = load(&format!(
        "hello --url http://{}/no --connections 1 --warmup 0 --seconds 0.1",
        live.address
    ));
    assert!(missing.error_kinds.contains_key("status 404"), "{missing:?}");
}

#[test]
fn a_burst_is_over_when_the_last_member_has_the_last_message() {
    let live = Live::start();
    let outcome = load(&format!(
        "burst --url ws://{}/ws/chat/{{room}}/ --rooms 2 --members 5 --senders 2 --messages 40 --settle 0",
        live.address
    ));
    assert_eq!(
        (outcome.messages, outcome.expected, outcome.deliveries),
        (80, 400, 400),
        "{outcome:?}"
    );
    assert_eq!(
        (
            outcome.lost,
            outcome.duplicates,
            outcome.reordered,
            outcome.errors
        ),
        (0, 0, 0, 0)
    );
    assert!(
        outcome
            .last_delivery_seconds
            .is_some_and(|last| last > 0.0 && last <= outcome.seconds)
    );
}

#[test]
fn idle_connections_have_a_size() {
    let live = Live::start();
    let outcome = load(&format!(
        "idle --url ws://{}/ws/chat/{{room}}/ --connections 50 --room-size 10 --seconds 0.1 --settle 0.5 --server-pid {}",
        live.address,
        std::process::id()
    ));
    assert_eq!((outcome.connected, outcome.errors), (50, 0), "{outcome:?}");
    let memory = outcome.rss_kib.expect("the server's memory");
    assert!(memory.server_after > memory.server_before, "{memory:?}");
    assert!(memory.per_connection > 0.0);
}

#[test]
fn visitors_come_and_go() {
    let live = Live::start();
    for join in ["", "--join"] {
        let line = format!(
            "churn --url ws://{}/ws/chat/{{room}}/ --connections 6 --room-size 2 --warmup 0 {join}",
            live.address
        );
        let outcome = load_until(&line, |outcome| outcome.deliveries > 12);
        assert_eq!(outcome.errors, 0, "{outcome:?}");
        assert_eq!(outcome.connected, outcome.connections);
    }
}

#[test]
fn a_storm_is_over_when_everybody_is_in() {
    let live = Live::start();
    let outcome = load(&format!(
        "churn --url ws://{}/ws/chat/{{room}}/ --connections 60 --room-size 4 --hold --join --connect-concurrency 8",
        live.address
    ));
    assert_eq!(
        (outcome.connected, outcome.connections, outcome.deliveries),
        (60, 60, 60),
        "{outcome:?}"
    );
    assert_eq!(outcome.errors, 0, "{outcome:?}");
    assert!(outcome.latency_us.is_some());
}

#[test]
fn slow_clients_are_not_waited_for() {
    let live = Live::start();
    for rate in [0, 2000] {
        let outcome = load(&format!(
            "fanout --url ws://{}/ws/chat/{{room}}/ --members 3 --slow 2 --slow-rate {rate} --window 8 --bytes 1000 \
             --settle 0 --warmup 0 --seconds 0.3",
            live.address
        ));
        assert_eq!(outcome.slow.map(|slow| slow.connected), Some(2), "{outcome:?}");
        assert_eq!(
            (outcome.connected, outcome.lost, outcome.errors),
            (3, 0, 0),
            "{outcome:?}"
        );
        assert_eq!(outcome.expected, outcome.messages * 3);
    }
}
