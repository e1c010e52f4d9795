//! SIGTERM with thousands of sockets open.

use std::time::Duration;

use laureola_testkit::{Received, WebSocket};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::{SOON, Server};

const SOCKETS: u64 = 5_000;
/// The server's own limit, and some time to start and end the process.
const DEADLINE: Duration = Duration::from_secs(30 + 10);

/// As many sockets as may be open: each is a file here and one in the server.
fn sockets() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).expect("the soft limit may be raised to the hard one");
    let room = limit.maximum.unwrap_or(u64::MAX).saturating_sub(500);
    SOCKETS.min(room / 2)
}

#[test]
fn sigterm_with_5000_sockets_is_1012_for_each_and_one_disconnect_each() {
    let sockets = sockets();
    let mut server = Server::start(&[]);
    let mut clients: Vec<WebSocket> = (0..sockets).map(|_| server.open("/witness/")).collect();
    server.process.terminate();
    for (number, client) in clients.iter_mut().enumerate() {
        let received = client.recv(SOON);
        assert!(
            matches!(received, Received::Close { code: Some(1012), .. }),
            "client {number}: {received:?}\n{}",
            server.process.output()
        );
        client.close(1012);
    }
    let status = server.process.wait_exit(DEADLINE);
    let log = server.process.stderr();
    assert!(status.success(), "{status:?}\n{log}");
    let expected = format!("witness: {{\"connect disconnect 1012\": {sockets}}}");
    assert!(log.contains(&expected), "{log}");
    assert!(!log.contains("WARNING"), "nothing had to be stopped: {log}");
}

#[test]
fn clients_that_do_not_answer_do_not_hold_up_the_exit() {
    let limit = ["--shutdown-timeout", "1", "--shutdown-drain", "0"];
    let mut server = Server::start(&limit);
    let clients: Vec<WebSocket> = (0..300).map(|_| server.open("/witness/")).collect();
    server.process.terminate();
    let status = server.process.wait_exit(SOON);
    let log = server.process.stderr();
    assert!(status.success(), "{status:?}\n{log}");
    assert!(log.contains("{\"connect disconnect 1012\": 300}"), "{log}");
    drop(clients);
}
