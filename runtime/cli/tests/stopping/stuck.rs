//! Applications that do not end.

use laureola_testkit::{Received, WebSocket, wait_until};

use crate::{SOON, Server};

fn lines<'a>(log: &'a str, what: &str) -> Vec<&'a str> {
    log.lines().filter(|line| line.contains(what)).collect()
}

#[test]
fn who_outlives_its_client_is_named_ten_times_and_counted_then() {
    let mut server = Server::start(&["--application-close-timeout", "0.1"]);
    let mut clients: Vec<WebSocket> = (0..25).map(|_| server.open("/stuck/?secret=1")).collect();
    for client in &mut clients {
        client.close(1000);
        assert!(matches!(client.recv(SOON), Received::Close { .. }));
    }
    let what = "did not end within 100ms after its client had left";
    wait_until("ten lines", SOON, || {
        lines(&server.process.stderr(), what).len() >= 10
    });
    server.process.terminate();
    assert!(server.process.wait_exit(SOON).success());
    let log = server.process.stderr();
    let named = lines(&log, what);
    assert_eq!(named.len(), 10, "{log}");
    for line in named {
        assert!(
            line.contains("WARNING") && line.contains("websocket \"/stuck/\" of 127.0.0.1:"),
            "{line}"
        );
        assert!(!line.contains("secret"), "a query may hold secrets: {line}");
    }
    assert!(log.contains("… and 15 more like that"), "{log}");
}

#[test]
fn who_still_runs_at_the_deadline_is_named_and_stopped() {
    let mut server = Server::start(&["--shutdown-timeout", "0.3"]);
    let clients: Vec<WebSocket> = (0..12).map(|_| server.open("/stuck/")).collect();
    server.process.terminate();
    let status = server.process.wait_exit(SOON);
    let log = server.process.stderr();
    assert!(status.success(), "{log}");
    let what = "the application still runs at the end of the shutdown timeout";
    assert_eq!(lines(&log, what).len(), 10, "{log}");
    assert!(log.contains("… and 2 more like that"), "{log}");
    drop(clients);
}

#[test]
fn who_blocks_its_thread_is_named_and_left() {
    let mut server = Server::start(&["--shutdown-timeout", "0.3", "--threads", "4"]);
    let client = server.open("/blocking/");
    server.process.terminate();
    let status = server.process.wait_exit(SOON);
    let log = server.process.stderr();
    assert!(status.success(), "{log}");
    let what = "the application blocks its thread and cannot be stopped";
    let named = lines(&log, what);
    assert_eq!(named.len(), 1, "{log}");
    assert!(
        named[0].contains("websocket \"/blocking/\" of 127.0.0.1:"),
        "{log}"
    );
    drop(client);
}
