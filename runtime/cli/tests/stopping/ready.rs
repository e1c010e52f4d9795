//! What a load balancer sees of the end.

use laureola_testkit::{RawHttp, free_port, wait_until};

use crate::{SOON, Server};

#[test]
fn readyz_says_503_while_the_delay_still_serves() {
    let admin = free_port();
    let address = format!("127.0.0.1:{admin}");
    let mut server = Server::start(&["--admin", &address, "--shutdown-delay", "1.5"]);
    let status = |path: &str| RawHttp::get(admin, path, SOON).status;
    assert_eq!((status("/readyz"), status("/healthz")), (200, 200));
    server.process.terminate();
    wait_until("/readyz is 503", SOON, || status("/readyz") == 503);
    assert_eq!(status("/healthz"), 200, "it lives as long as it serves");
    // A new client is still served, WebSockets too.
    let socket = server.open("/witness/");
    let exit = server.process.wait_exit(SOON);
    drop(socket);
    let log = server.process.stderr();
    assert!(exit.success(), "{log}");
    assert!(log.contains("{\"connect disconnect 1012\": 1}"), "{log}");
}
